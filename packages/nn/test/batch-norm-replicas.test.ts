import { assignPaths, BufferUpdates, LevinError, type Replicas } from '@levin/core'
import { add, concat, scalar, slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { batchNorm } from '../src/index.js'
import { BACKENDS, useBackend } from './support/backends.js'
import { inLockstep } from './support/lockstep.js'
import { differentiate, stepAt } from './support/parity.js'

const FEATURES = 3

function build(affine = true) {
  const layer = batchNorm(FEATURES, { affine })
  const { parameters, buffers } = assignPaths(layer)
  for (const stored of [...parameters, ...buffers]) stored.materialise({ seed: 0 })
  if (layer.weight) layer.weight.assign(tensor([0.5, 2, -1]))
  if (layer.bias) layer.bias.assign(tensor([1, 0, 3]))
  return layer
}

/** Numbers whose feature k lies around k times `offset`. */
const wave = (shape: number[], phase: number, offset = 5): Tensor => {
  const size = shape.reduce((product, n) => product * n, 1)
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.3 + phase) * (1 + (i % 7)) + offset * (i % FEATURES)),
    shape,
  )
}

interface Outcome {
  readonly output: Tensor
  readonly input: Tensor
  readonly weights: Tensor[]
  readonly running: Tensor[]
}

function train(x: Tensor, dy: Tensor, affine: boolean, replicas?: Replicas): Outcome {
  const layer = build(affine)
  const updates = new BufferUpdates()
  try {
    const weights = layer.parameters().map(({ value }) => value)
    const step = stepAt({}, { updates, replicas })
    const [output, [input, ...rest]] = differentiate(() => layer.forward(x, step), [x, ...weights], dy, 2)
    updates.commit()
    return {
      output,
      input: input as Tensor,
      weights: rest,
      running: layer.buffers().map(({ value }) => value.clone()),
    }
  } finally {
    updates.discard()
    for (const stored of [...layer.parameters(), ...layer.buffers()]) stored.dispose()
  }
}

function expectSame(actual: Tensor, expected: Tensor, what: string): void {
  expect(actual.shape, what).toEqual(expected.shape)
  const values = actual.dataSync()
  expected.dataSync().forEach((value, i) => {
    const found = values[i] as number
    if (!(Math.abs(found - value) <= 2e-5 + 2e-5 * Math.abs(value)))
      throw new Error(`${what}[${i}]: ${found}, expected ${value}`)
  })
}

describe.each(BACKENDS)('batch norm of workers that share a batch, on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  test.each([
    { parts: [3, 2], rest: [], affine: true },
    { parts: [4, 0, 1], rest: [], affine: true },
    { parts: [1, 1, 3], rest: [2, 2], affine: false },
    { parts: [0, 0, 5], rest: [2, 3], affine: true },
  ])('is that of one device, parts of $parts, axes [$rest] ($affine)', ({ parts, rest, affine }) => {
    tidy(() => {
      const rows = parts.reduce((sum, part) => sum + part, 0)
      const shape = [...rest, FEATURES]
      const [x, dy] = [wave([rows, ...shape], 0), wave([rows, ...shape], 2)]
      const alone = train(x, dy, affine)
      const outcomes = inLockstep(parts.length, (replicas) => {
        const first = parts.slice(0, replicas.index).reduce((sum, part) => sum + part, 0)
        const part = (whole: Tensor) =>
          slice(whole, [first, ...shape.map(() => 0)], [parts[replicas.index] as number, ...shape])
        return train(part(x), part(dy), affine, replicas)
      })
      const joined = (of: (outcome: Outcome) => Tensor) => concat(outcomes.map(of))
      expectSame(
        joined(({ output }) => output),
        alone.output,
        'output',
      )
      expectSame(
        joined(({ input }) => input),
        alone.input,
        'gradient of the input',
      )
      alone.weights.forEach((expected, i) => {
        const sum = outcomes.map(({ weights }) => weights[i] as Tensor).reduce((a, b) => add(a, b), scalar(0))
        expectSame(sum, expected, `gradient of parameter ${i}`)
      })
      for (const { running } of outcomes) {
        expectSame(running[0] as Tensor, alone.running[0] as Tensor, 'running mean')
        expectSame(running[1] as Tensor, alone.running[1] as Tensor, 'running variance')
        for (const [i, value] of running.entries())
          expect(value.dataSync(), 'the same bits').toEqual(outcomes[0]?.running[i]?.dataSync())
      }
    })
  })

  test('loses nothing where means are far larger than deviations', () => {
    tidy(() => {
      const x = wave([64, FEATURES], 0, 5_000)
      const dy = wave([64, FEATURES], 1)
      const [, variance] = train(x, dy, false).running as [Tensor, Tensor]
      const [half] = inLockstep(2, (replicas) =>
        train(slice(x, [32 * replicas.index, 0], [32, FEATURES]), slice(dy, [0, 0], [32, FEATURES]), false, replicas),
      )
      const found = half?.running[1]?.dataSync() as Float32Array
      // Sums of squares in single precision would be wrong by some units here.
      for (const [i, value] of variance.dataSync().entries())
        expect(Math.abs((found[i] as number) - value)).toBeLessThan(1e-3 * value)
    })
  })

  test('needs two values per feature over all parts, and no more than one in any', () => {
    const codes = (parts: readonly number[]) =>
      inLockstep(parts.length, (replicas) =>
        tidy(() => {
          const layer = build()
          try {
            const x = wave([parts[replicas.index] as number, FEATURES], replicas.index)
            layer.forward(x, stepAt({}, { replicas }))
            return 'fine'
          } catch (error) {
            if (LevinError.isInstance(error)) return error.code
            throw error
          } finally {
            for (const stored of [...layer.parameters(), ...layer.buffers()]) stored.dispose()
          }
        }),
      )
    expect(codes([1, 1])).toEqual(['fine', 'fine'])
    expect(codes([0, 1])).toEqual(['LEVIN_BATCH_SHAPE', 'LEVIN_BATCH_SHAPE'])
  })
})

test('says that it asks for the parts of other workers', () => expect(batchNorm(1).spansBatch).toBe('replicas'))
