import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

/** How one tensor lies beside rows of another. */
interface Rows {
  readonly outer: number
  readonly inner: number
  /** From row to row, in elements; 0: the same for all. */
  readonly step: number
  /** Whether a row of it is as long as the other's, and not one number. */
  readonly dense: boolean
}

/** `b` beside the rows of a dense `a` of the result's shape; `undefined` where it broadcasts otherwise. */
function rowsOf(a: readonly number[], b: readonly number[]): Rows | undefined {
  const size = sizeOf(a)
  const sizeB = sizeOf(b)
  if (b.length > a.length) return undefined
  if (sizeB === 1) return { outer: 1, inner: size, step: 0, dense: false }
  const padded = [...new Array<number>(a.length - b.length).fill(1), ...b]
  const first = padded.findIndex((length) => length !== 1)
  const last = padded.findLastIndex((length) => length !== 1)
  // Between the first and the last axis that b has, it must be as large as a.
  for (let axis = first; axis <= last; axis++) if (padded[axis] !== a[axis]) return undefined
  const repeats = sizeOf(a.slice(0, first))
  const trailing = sizeOf(a.slice(last + 1))
  if (trailing === 1) return { outer: repeats, inner: sizeB, step: 0, dense: true }
  return repeats === 1 ? { outer: sizeB, inner: trailing, step: 1, dense: false } : undefined
}

/** Which of the two is dense and how the other lies beside it; `undefined` where both broadcast. */
function planOf(a: TensorInfo, b: TensorInfo): { dense: TensorInfo; other: TensorInfo; rows: Rows } | undefined {
  const size = sizeOf(backend_util.assertAndGetBroadcastShape(a.shape, b.shape))
  for (const [dense, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const rows = sizeOf(dense.shape) === size && size > 0 ? rowsOf(dense.shape, other.shape) : undefined
    if (rows !== undefined) return { dense, other, rows }
  }
  return undefined
}

function extremum(name: string, largest: 0 | 1): KernelDefinition {
  return {
    name,
    gain: 'four numbers at a time where one side is a tensor of the same shape, a row, a column or a number',
    handles: ({ a, b }) => a?.dtype === 'float32' && b?.dtype === 'float32',
    compute(call) {
      const { runtime, stock, inputs, attrs } = call
      const plan = planOf(input(call, 'a'), input(call, 'b'))
      if (plan === undefined) {
        if (stock === undefined) throw new Error(`The wasm backend lacks the kernel ${name}; is it imported whole?`)
        return stock({ inputs, attrs, backend: runtime.backend })
      }
      const { dense, other, rows } = plan
      const out = runtime.output(dense.shape, 'float32')
      runtime.wasm.extremum(
        largest,
        runtime.address(dense),
        runtime.address(other),
        runtime.address(out),
        rows.outer,
        rows.inner,
        rows.step,
        Number(rows.dense),
      )
      return out
    },
  }
}

export const maximum: KernelDefinition = extremum('Maximum', 1)
export const minimum: KernelDefinition = extremum('Minimum', 0)
