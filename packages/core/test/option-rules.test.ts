import { describe, expect, test } from 'vitest'
import {
  anyNumber,
  anyText,
  countFrom,
  definePlugin,
  flag,
  functionOption,
  numberAbove,
  numberFrom,
  oneOf,
  optionsSchema,
  text,
} from '../src/index.js'

test.each([
  ['flag', flag, [true, false], [0, 'true', null]],
  ['anyNumber', anyNumber, [-1, 0.5, Infinity], [Number.NaN, '1', null]],
  ['numberFrom', numberFrom(0), [0, 0.5, Infinity], [-0.5, Number.NaN, '1']],
  ['numberAbove', numberAbove(0), [0.5, Infinity], [0, -1, Number.NaN]],
  ['countFrom', countFrom(1), [1, 2 ** 53 - 1], [0, 1.5, 2 ** 53, Infinity, '1']],
  ['oneOf', oneOf('min', 'max'), ['min', 'max'], ['MIN', '', 1]],
  ['text', text('a name'), ['a'], ['', 1]],
  ['anyText', anyText, ['', 'a'], [1, null]],
  ['functionOption', functionOption, [() => 0], [{}, 'f']],
])('%s accepts what it says and nothing else', (_name, { accepts }, good, bad) => {
  expect(good.map(accepts)).toEqual(good.map(() => true))
  expect(bad.map(accepts)).toEqual(bad.map(() => false))
})

describe('rules as the schema of a plugin', () => {
  interface Options {
    readonly level?: number
    readonly mode: 'min' | 'max'
  }
  const plugin = definePlugin({
    kind: 'logger',
    name: 'toy',
    apiVersion: 1,
    schema: optionsSchema<Options>({ level: countFrom(1), mode: oneOf('min', 'max') }, ['mode']),
    create: (options: Options) => ({ name: 'toy', options }) as never,
  })
  const said = (options: object): string => {
    try {
      plugin(options as Options)
      return ''
    } catch (error) {
      return (error as Error).message.replace("The options of the logger 'toy' are wrong. ", '')
    }
  }

  test('let through what fits, and what is undefined', () => {
    expect(plugin({ mode: 'min', level: 2 })).toMatchObject({ options: { mode: 'min', level: 2 } })
    expect(said({ mode: 'max', level: undefined })).toBe('')
  })

  test('say what is wrong, what is missing and what is unknown, all at once', () => {
    expect(said({ mode: 'up', level: 0, levle: 1 })).toBe(
      "mode: expected 'min' or 'max', found 'up'. level: expected a whole number of at least 1, found 0. There is no option 'levle'. Did you mean 'level'?",
    )
    expect(said({})).toBe("The option 'mode' is missing.")
    expect(said({ mode: 'min', toString: 1 })).toBe("There is no option 'toString'. There are: level, mode.")
  })
})
