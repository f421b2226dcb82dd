import { readFileSync } from 'node:fs'
import { clippingCoefficient, type Optimizer, type Parameter } from '@levin/core'
import { describe, expect, it } from 'vitest'
import { adam, adamW, rmsprop, sgd } from '../src/index.js'
import { aliveTensors, disposeAll, expectClose, gradientsOf, parametersOf, read } from './parameters.js'

interface ParityCase {
  readonly optimizer: 'sgd' | 'adam' | 'adamW' | 'rmsprop'
  readonly options: Record<string, never>
  readonly clipNorm?: number
  readonly clipValue?: number
  /** At each recorded step, each parameter's values. */
  readonly values: readonly (readonly (readonly number[])[])[]
}

interface Recording {
  readonly shapes: readonly (readonly number[])[]
  readonly recorded: readonly number[]
  readonly initial: readonly (readonly number[])[]
  readonly gradients: readonly (readonly (readonly number[] | null)[])[]
  readonly cases: readonly ParityCase[]
}

const recording = JSON.parse(readFileSync(new URL('./parity/optimizers.json', import.meta.url), 'utf8')) as Recording

const make = { sgd, adam, adamW, rmsprop }

function title({ optimizer, options, clipNorm, clipValue }: ParityCase): string {
  return `${optimizer} ${JSON.stringify({ ...options, clipNorm, clipValue })}`
}

function update(
  optimizer: Optimizer,
  parameters: readonly Parameter[],
  row: readonly (readonly number[] | null)[],
  { clipNorm, clipValue }: ParityCase,
  onHost: boolean,
): void {
  const gradients = gradientsOf(parameters, row)
  const clipping = clipValue === undefined ? {} : { clipValue }
  if (clipNorm === undefined) optimizer.step(gradients, clipping)
  else {
    const norm = optimizer.squaredNorm(gradients)
    const gradientScale = clippingCoefficient(norm, clipNorm, onHost)
    optimizer.step(gradients, { ...clipping, gradientScale })
    disposeAll([norm, ...(typeof gradientScale === 'number' ? [] : [gradientScale])])
  }
  disposeAll(gradients.values())
}

describe.each([true, false])('twelve updates give the numbers of PyTorch (clipping on the host: %s)', (onHost) => {
  it.each(recording.cases.map((each) => [title(each), each] as const))('%s', (_, parity) => {
    const before = aliveTensors()
    const parameters = parametersOf(recording.initial, recording.shapes)
    const optimizer = make[parity.optimizer](parameters, parity.options)
    const found: number[][][] = []
    for (const [index, row] of recording.gradients.entries()) {
      update(optimizer, parameters, row, parity, onHost)
      if (recording.recorded.includes(index + 1)) found.push(parameters.map(read))
    }
    expect(found).toHaveLength(parity.values.length)
    for (const [step, values] of parity.values.entries()) {
      for (const [index, expected] of values.entries()) expectClose(found[step]?.[index] ?? [], expected)
    }
    optimizer.dispose()
    for (const parameter of parameters) parameter.dispose()
    expect(aliveTensors()).toBe(before)
  })
})
