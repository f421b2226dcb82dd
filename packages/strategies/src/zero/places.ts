import type { Optimizer, Parameter } from '@levin/core'
import { Line } from './line.js'

/** Where a parameter lies in its line. */
export interface Place {
  readonly line: Line
  readonly index: number
}

/** Where every parameter lies: lines in an order that is the same on all ranks. */
export class Places {
  readonly lines: readonly Line[]
  readonly #byParameter = new Map<Parameter, Place>()

  constructor(lines: readonly Line[]) {
    this.lines = lines
    for (const line of lines)
      for (const [index, parameter] of line.parameters.entries()) this.#byParameter.set(parameter, { line, index })
  }

  of(parameter: Parameter): Place | undefined {
    return this.#byParameter.get(parameter)
  }
}

/** A line of each group, cut as an optimizer allows. */
export function linesFor(
  groups: readonly (readonly Parameter[])[],
  sharding: Optimizer['sharding'],
  ranks: number,
): Line[] {
  const loads = new Array<number>(ranks).fill(0)
  return groups.map((group) => (sharding === 'tensor' ? Line.ofTensors(group, loads) : Line.even(group, ranks)))
}

export const parametersOf = (optimizer: Optimizer): Parameter[] => optimizer.groups.flatMap((group) => group.parameters)
