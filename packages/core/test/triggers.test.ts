import { describe, expect, test } from 'vitest'
import {
  anyOf,
  atEnd,
  everyEpochs,
  everyMinutes,
  everySteps,
  firesAtSteps,
  isInexact,
  never,
  type Trigger,
  TriggerState,
} from '../src/index.js'

/** Runs a trigger over two epochs of five steps and lists when it fired. */
function fired(trigger: Trigger, millisecondsPerStep = 1000): string[] {
  let now = 0
  const state = new TriggerState(trigger, () => now)
  const list: string[] = []
  const ask = (globalStep: number, epoch: number, moment: 'step' | 'epoch' | 'end') => {
    if (state.fires({ globalStep, epoch }, moment)) list.push(`${moment} ${moment === 'epoch' ? epoch : globalStep}`)
  }
  for (let step = 1; step <= 10; step++) {
    now += millisecondsPerStep
    ask(step, Math.floor((step - 1) / 5), 'step')
    if (step % 5 === 0) ask(step, step / 5 - 1, 'epoch')
  }
  ask(10, 2, 'end')
  return list
}

describe('triggers', () => {
  test.each<[string, Trigger, string[]]>([
    ['every third step', everySteps(3), ['step 3', 'step 6', 'step 9']],
    ['every epoch', everyEpochs(1), ['epoch 0', 'epoch 1']],
    ['every second epoch', everyEpochs(2), ['epoch 1']],
    ['at the end', atEnd(), ['end 10']],
    ['never', never(), []],
    ['any of two, once per step', anyOf(everySteps(5), everyEpochs(1)), ['step 5', 'step 10']],
    ['any of epochs and the end, once at the last step', anyOf(everyEpochs(1), atEnd()), ['epoch 0', 'epoch 1']],
    ['any of steps and the end', anyOf(everySteps(4), atEnd()), ['step 4', 'step 8', 'end 10']],
  ])('%s', (_name, trigger, expected) => {
    expect(fired(trigger)).toEqual(expected)
  })

  test('minutes fire at the first step after the time has passed', () => {
    expect(fired(everyMinutes(0.05))).toEqual(['step 3', 'step 6', 'step 9'])
  })

  test('a trigger is plain JSON', () => {
    const trigger = anyOf(everySteps(5), everyMinutes(2))
    expect(JSON.parse(JSON.stringify(trigger))).toEqual(trigger)
  })

  test('what depends on the wall clock is known to be inexact', () => {
    expect([everySteps(1), anyOf(atEnd(), everyMinutes(1))].map(isInexact)).toEqual([false, true])
    expect([everyEpochs(1), everySteps(1), anyOf(everyEpochs(1), everyMinutes(1))].map(firesAtSteps)).toEqual([
      false,
      true,
      true,
    ])
  })

  test.each([0, -1, 1.5, Number.NaN])('everySteps(%s) is refused', (value) => {
    expect(() => everySteps(value)).toThrow('everySteps to get a whole number above 0')
  })
})
