import { describe, expect, test } from 'vitest'
import { runArguments } from '../src/commands/run-arguments.js'
import { unknownArguments } from '../src/unknown-arguments.js'

const unknown = (...argv: string[]) => unknownArguments('fit', argv, runArguments)

describe('arguments that a command does not have', () => {
  test.each([
    ['run.ts'],
    ['run.ts', '--max-epochs', '3', '--devices', '-1', '--limit-train-batches=10%'],
    ['--maxEpochs', '3', 'run.ts'],
    [],
  ])('none in [%s %s %s]', (...argv) => {
    expect(unknown(...argv.filter((each) => each !== undefined))).toBeUndefined()
  })

  test('a flag may be negated where it is on or off', () => {
    expect(unknownArguments('devices', ['--no-json'], { json: { type: 'boolean' } })).toBeUndefined()
    expect(unknown('run.ts', '--no-max-epochs')).toContain("no option '--no-max-epochs'")
  })

  test.each([
    [['run.ts', '--max-epocs', '3'], "levin fit has no option '--max-epocs'. Did you mean --max-epochs?"],
    [['run.ts', '--max_epochs=3'], "levin fit has no option '--max_epochs'. Did you mean --max-epochs?"],
    [['run.ts', '-e', '3'], "levin fit has no option '-e'. 'levin fit --help' lists what it has."],
    [['run.ts', '--tensorboard'], "levin fit has no option '--tensorboard'. 'levin fit --help' lists what it has."],
    [['run.ts', 'learningRate=3'], "levin fit takes one run, and was given 'learningRate=3' too."],
  ])('%j is refused', (argv, message) => {
    expect(unknown(...argv)).toContain(message)
  })
})
