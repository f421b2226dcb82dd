import { describe, expect, test } from 'vitest'
import { definePlugin, nearestName } from '../src/index.js'

/** A schema that answers with the given issues, as libraries do. */
const plugin = (issues: readonly object[], entries?: object) =>
  definePlugin({
    kind: 'logger',
    name: 'toy',
    apiVersion: 1,
    schema: { entries, '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } } as never,
    create: () => null as never,
  })
const said = (...[issues, entries]: Parameters<typeof plugin>): string => {
  try {
    plugin(issues, entries)()
    return ''
  } catch (error) {
    return (error as Error).message.replace("The options of the logger 'toy' are wrong. ", '')
  }
}

describe('what is wrong with the options of a plugin', () => {
  test.each([
    ['number', 'two', "level: expected a number, found 'two'."],
    ['>=1', 0, 'level: expected at least 1, found 0.'],
    ['!0', '', "level: expected one that is not empty, found ''."],
    ['("min" | "max")', 'up', `level: expected "min" | "max", found 'up'.`],
  ])('where the library expected %s', (expected, input, message) => {
    expect(said([{ message: 'Invalid', path: [{ key: 'level' }], expected, input }])).toBe(message)
  })

  test('is the message of a library that tells no more', () => {
    expect(said([{ message: 'must be odd', path: ['sizes', 1] }, { message: 'too many' }])).toBe(
      'sizes.1: must be odd. options: too many.',
    )
  })

  test('names an option that is missing, and one that is not there with the one that was meant', () => {
    expect(said([{ message: 'x', path: ['level'], expected: '"level"', received: 'undefined' }])).toBe(
      "The option 'level' is missing.",
    )
    const unknown = [{ message: 'x', path: ['levle'], expected: 'never', received: '"levle"' }]
    expect(said(unknown, { level: 1, name: 1 })).toBe("There is no option 'levle'. Did you mean 'level'?")
    expect(said(unknown, { colour: 1, name: 1 })).toBe("There is no option 'levle'. There are: colour, name.")
    expect(said(unknown)).toBe("There is no option 'levle'.")
  })
})

test('a name is near another whatever its spelling, and far from others', () => {
  const known = ['maxEpochs', 'maxSteps', 'cpu']
  expect(['max_epochs', 'max-epochs', 'MAXEPOCHS', 'maxEpocs'].map((name) => nearestName(name, known))).toEqual(
    Array(4).fill('maxEpochs'),
  )
  expect(['cup', 'cpuu', 'cp'].map((name) => nearestName(name, known))).toEqual(Array(3).fill('cpu'))
  expect(nearestName('epochs', known)).toBeUndefined()
  expect(nearestName('x', [])).toBeUndefined()
})
