import { assignPaths, Layer, Module, Parameter, type StepContext, zeros } from '@levin/core'
import { embedding, layerNorm, linear, relu, sequential, transformerBlock } from '@levin/nn'
import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { bucketsOf, Line } from '../src/zero/line.js'
import { planUnits, type UnitOptions } from '../src/zero/units.js'

const parameter = (...shape: number[]) => new Parameter(shape, zeros())

const SHAPES = [[7, 3], [], [1], [0, 4], [5], [2, 2, 3], [100]]

describe('a line', () => {
  test.each([1, 2, 3, 4, 5, 50])('gives each element to one of %i ranks, and all of them as many', (ranks) => {
    const line = Line.even(
      SHAPES.map((shape) => parameter(...shape)),
      ranks,
    )
    const total = line.parameters.reduce((sum, { size }) => sum + size, 0)
    for (let rank = 0; rank < ranks; rank++) expect(line.lengthOf(rank)).toBe(Math.ceil(total / ranks))
    for (const [index, { size }] of line.parameters.entries()) {
      const holders = new Array<number>(size).fill(0)
      for (let rank = 0; rank < ranks; rank++) {
        const { start, count } = line.piece(index, rank)
        for (let i = start; i < start + count; i++) holders[i]!++
        // In its rank's stretch it lies where the line says.
        if (count > 0) {
          const place = (line.bounds[rank] as number) + line.offset(index, rank)
          expect(place).toBe((line.starts[index] as number) + start)
        }
      }
      expect(holders).toEqual(new Array(size).fill(1))
      expect(line.countsOf(index).reduce((sum, count) => sum + count, 0)).toBe(size)
    }
  })

  test('of whole tensors balances what ranks have, also over several lines', () => {
    const loads = [0, 0, 0]
    const first = Line.ofTensors([parameter(10), parameter(30), parameter(20)], loads)
    expect(loads.toSorted((a, b) => a - b)).toEqual([10, 20, 30])
    const second = Line.ofTensors([parameter(20), parameter(10), parameter(1, 5)], loads)
    expect(loads.toSorted((a, b) => a - b)).toEqual([30, 30, 35])
    for (const line of [first, second]) {
      for (const [index, { size }] of line.parameters.entries())
        expect(line.countsOf(index).toSorted((a, b) => a - b)).toEqual([0, 0, size])
    }
  })

  test('gives an optimizer what it can work with', () => {
    const matrix = parameter(4, 6)
    expect(Line.even([matrix], 1).shard(0, 0)).toBeUndefined()
    expect(Line.even([matrix], 2).shard(0, 1)).toEqual({ start: [12], shape: [12], flat: true })
    const tensors = Line.ofTensors([matrix], [0, 0])
    expect(tensors.shard(0, 0)).toBeUndefined()
    expect(tensors.shard(0, 1)).toEqual({ start: [0, 0], shape: [0, 6] })
    expect(Line.ofTensors([parameter()], [0, 0]).shard(0, 1)).toEqual({ start: [0], shape: [0], flat: true })
  })

  test('large parameters are lines of their own, small ones come together', () => {
    const sizes = (groups: Parameter[][]) => groups.map((group) => group.map(({ size }) => size))
    const all = [10, 20, 200, 40_000, 5, 90_000, 7, 8].map((size) => parameter(size))
    expect(sizes(bucketsOf(all, 100))).toEqual([[10, 20], [200], [40_000], [5], [90_000], [7, 8]])
    expect(sizes(bucketsOf(all, Infinity))).toEqual([[10, 20, 200], [40_000], [5], [90_000], [7, 8]])
  })
})

class Block extends Layer<Tensor, Tensor> {
  readonly inner = linear(8, 8)
  compute(x: Tensor, step: StepContext): Tensor {
    return this.inner.forward(x, step)
  }
}

class Model extends Module {
  readonly tokens = embedding(50, 8)
  readonly blocks = Array.from({ length: 2 }, () => transformerBlock(8, 2))
  readonly single = sequential(new Block(), relu(), layerNorm(8))
  readonly parts = { left: linear(8, 30), right: new Map([['deep', linear(30, 8)]]) }
  readonly small = linear(8, 2)
}

const pathsOf = (module: Module, options: UnitOptions) => {
  assignPaths(module)
  const { units, rest } = planUnits(module, options)
  const held = [...units.flatMap(({ parameters }) => parameters), ...rest]
  // Each parameter once, whatever the plan.
  expect(new Set(held).size).toBe(held.length)
  expect(held.length).toBe(module.parameters().length)
  return { units: units.map(({ layer }) => layer.path), rest: rest.map(({ path }) => path) }
}

describe('units', () => {
  test('are layers that repeat, and others that are large enough', () => {
    const { units, rest } = pathsOf(new Model(), { minimumUnitSize: 60 })
    expect(units).toEqual(['tokens', 'blocks.0', 'blocks.1', 'single.0.inner', 'parts.left', 'parts.right.deep'])
    expect(rest).toEqual(['single.2.weight', 'single.2.bias', 'small.weight', 'small.bias'])
  })

  test('are none where nothing is large enough', () => {
    expect(pathsOf(new Model(), {}).units).toEqual([])
    expect(pathsOf(new Model(), { units: [] }).units).toEqual([])
  })

  test('are what is named, the outermost', () => {
    const { units } = pathsOf(new Model(), { units: ['blocks.*', 'blocks.0.linear1', 'single.*.inner'] })
    expect(units).toEqual(['blocks.0', 'blocks.1', 'single.0.inner'])
  })

  test('leave to the whole step what several of them share', () => {
    class Tied extends Module {
      readonly shared = linear(8, 8)
      readonly left = sequential(linear(8, 8), this.shared)
      readonly right = sequential(this.shared, relu())
    }
    const { units, rest } = pathsOf(new Tied(), { units: ['left', 'right'] })
    expect(units).toEqual(['left'])
    expect(rest).toEqual(['shared.weight', 'shared.bias'])
  })

  test('must be there', () => {
    expect(() => pathsOf(new Model(), { units: ['block.*'] })).toThrow(/names 'block\.\*'.*tokens, blocks\.0/)
  })
})
