import { anyOf, everyEpochs, everySteps } from '@levin/core'
import { expect, test } from 'vitest'
import { hparamsFrom, trainerArguments, trainerOptionsFrom } from '../src/trainer-flags.js'

test.each<[Record<string, string>, object]>([
  [
    { 'max-epochs': '5', seed: '3' },
    { maxEpochs: 5, seed: 3 },
  ],
  [{ devices: '2' }, { devices: 2 }],
  [{ strategy: 'mesh' }, { strategy: 'mesh' }],
  [
    { strategy: 'mesh', 'strategy-options': 'data=2,schedule=1f1b,recompute=true' },
    { strategy: ['mesh', { data: 2, schedule: '1f1b', recompute: true }] },
  ],
  [
    { strategy: 'mesh', 'strategy-options': '{ "plan": { "blocks.*": "block" } }' },
    { strategy: ['mesh', { plan: { 'blocks.*': 'block' } }] },
  ],
  [{ devices: '0,2' }, { devices: '0,2' }],
  [{ 'limit-train-batches': '10%' }, { limitTrainBatches: { fraction: 0.1 } }],
  [{ 'limit-train-batches': '0.25' }, { limitTrainBatches: { fraction: 0.25 } }],
  [{ 'limit-val-batches': '7' }, { limitValBatches: 7 }],
  [{ 'val-check-interval': 'steps:500' }, { valCheckInterval: everySteps(500) }],
  [{ 'val-check-interval': 'steps:500,epochs:1' }, { valCheckInterval: anyOf(everySteps(500), everyEpochs(1)) }],
  [{ 'max-time': '1:30:00' }, { maxTime: { hours: 1, minutes: 30, seconds: 0 } }],
  [{ 'max-time': '45m' }, { maxTime: { minutes: 45 } }],
  [{ 'enable-progress-bar': 'false' }, { enableProgressBar: false }],
  [{ 'fast-dev-run': 'true' }, { fastDevRun: true }],
  [{ 'fast-dev-run': '3' }, { fastDevRun: 3 }],
])('%j becomes %j', (args, expected) => {
  expect(trainerOptionsFrom(args)).toEqual(expected)
})

test.each([
  ['max-epochs', 'many', /--max-epochs is wrong.*a number.*'many'/],
  ['enable-progress-bar', 'yes', /--enable-progress-bar.*true or false/],
  ['val-check-interval', 'days:1', /steps:<n>/],
  ['max-time', 'soon', /a time such as/],
  ['strategy-options', 'data=2', /--strategy-options is wrong.*--strategy mesh/],
])('--%s %s is refused', (flag, value, message) => {
  expect(() => trainerOptionsFrom({ [flag]: value })).toThrow(message)
})

test.each(['{ data: 2 }', 'data'])('--strategy-options %s is refused', (given) => {
  expect(() => trainerOptionsFrom({ strategy: 'mesh', 'strategy-options': given })).toThrow(/name=value/)
})

test('hyper-parameters keep their types', () => {
  expect(hparamsFrom('a=1e-3,b=true,c=name,d=')).toEqual({ a: 1e-3, b: true, c: 'name', d: '' })
  expect(() => hparamsFrom('a')).toThrow('name=value')
})

test('every flag says what it takes', () => {
  for (const [name, definition] of Object.entries(trainerArguments)) expect(definition.description, name).toBeTruthy()
})
