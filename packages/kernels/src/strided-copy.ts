// Copies between two layouts of the same elements: what slices, concatenations, paddings, reversals and permutations of
// axes have in common. A copy is a list of axes, each with its length and its steps in either layout; axes that follow one
// another in both melt into one, so that most copies are one loop over blocks.
import type { Runtime } from './runtime.js'

/** An axis that is walked: how many steps, and how many bytes each in the source and in the copy. */
export interface Walk {
  readonly count: number
  readonly from: number
  readonly to: number
}

/** For every axis of a dense tensor, how many bytes lie between two of its elements. */
export function stepsOf(shape: readonly number[], unit: number): number[] {
  const steps = new Array<number>(shape.length)
  let step = unit
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    steps[axis] = step
    step *= shape[axis] ?? 1
  }
  return steps
}

interface Plan {
  /** Bytes that lie together in both layouts. */
  readonly block: number
  /** The other axes, innermost first. */
  readonly walks: readonly Walk[]
}

function planOf(unit: number, axes: readonly Walk[]): Plan {
  let block = unit
  const walks: Walk[] = []
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const { count, from, to } = axes[axis] as Walk
    const last = walks[walks.length - 1]
    if (count === 1) continue
    if (last === undefined && from === block && to === block) block *= count
    else if (last !== undefined && from === last.from * last.count && to === last.to * last.count) {
      walks[walks.length - 1] = { count: last.count * count, from: last.from, to: last.to }
    } else walks.push({ count, from, to })
  }
  return { block, walks }
}

/** One step: an axis that is not there. */
const once: Walk = { count: 1, from: 0, to: 0 }

/** The axes that the kernels walk themselves; those beyond are walked here. */
function overOuter(
  walks: readonly Walk[],
  kept: number,
  from: number,
  to: number,
  copy: (from: number, to: number) => void,
): void {
  const outer = walks[walks.length - 1]
  if (walks.length <= kept || outer === undefined) {
    copy(from, to)
    return
  }
  for (let n = 0; n < outer.count; n++) {
    overOuter(walks.slice(0, -1), kept, from + n * outer.from, to + n * outer.to, copy)
  }
}

function copyBlocks(runtime: Runtime, { block, walks }: Plan, source: number, out: number): void {
  const [inner = once, middle = once, outer = once] = walks
  const { wasm } = runtime
  overOuter(walks, 3, source, out, (from, to) => {
    wasm.copyBlocks(
      from,
      to,
      block,
      inner.count,
      inner.from,
      inner.to,
      middle.count,
      middle.from,
      middle.to,
      outer.count,
      outer.from,
      outer.to,
    )
  })
}

/** What a transposing copy needs beside its addresses, in bytes. */
const SCRATCH = 1024

/** `across` runs along the source and `along` along the copy. */
function transposePlanes(
  runtime: Runtime,
  { block, walks }: Plan,
  along: Walk,
  across: Walk,
  source: number,
  out: number,
): void {
  const rest = walks.filter((walk) => walk !== along && walk !== across)
  const [inner = once, outer = once] = rest
  const { wasm } = runtime
  const scratch = runtime.workspace(SCRATCH)
  overOuter(rest, 2, source, out, (from, to) => {
    wasm.transposePlanes(
      block,
      from,
      to,
      along.count,
      along.from,
      across.count,
      across.to,
      inner.count,
      inner.from,
      inner.to,
      outer.count,
      outer.from,
      outer.to,
      scratch,
    )
  })
}

/** The sizes of elements that planes are transposed of. Longer blocks fill enough of a cache line to be copied one by one. */
const TRANSPOSED = [1, 4, 8]

/**
 * Copies elements of `unit` bytes (1, 4 or 8) from `source` to `out`, over the given axes, outermost first. Source and copy
 * do not overlap, and no axis is empty.
 */
export function copyStrided(runtime: Runtime, unit: number, axes: readonly Walk[], source: number, out: number): void {
  const plan = planOf(unit, axes)
  const [along] = plan.walks
  const turns = along?.to === plan.block && TRANSPOSED.includes(plan.block)
  const across = turns ? plan.walks.find((walk) => walk.from === plan.block) : undefined
  if (along === undefined || across === undefined) copyBlocks(runtime, plan, source, out)
  else transposePlanes(runtime, plan, along, across, source, out)
}

/** Writes a pattern of four bytes over elements of `unit` bytes from `out` on; axes as in `copyStrided`. */
export function fillStrided(
  runtime: Runtime,
  unit: number,
  axes: readonly Omit<Walk, 'from'>[],
  pattern: number,
  out: number,
): void {
  const { block, walks } = planOf(
    unit,
    axes.map(({ count, to }) => ({ count, from: to, to })),
  )
  const [inner = once, outer = once] = walks
  overOuter(walks, 2, out, out, (_, to) => {
    runtime.wasm.fillBlocks(to, block, pattern, inner.count, inner.to, outer.count, outer.to)
  })
}
