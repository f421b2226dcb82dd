import {
  cast,
  expandDims,
  GatherV2,
  mul,
  notEqual,
  ScatterNd,
  type Tensor,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core'
import { check, checkFloat, checkInt, format } from './checks.js'
import { callKernel, callOwnKernel, hasKernel, view } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { reshaped } from './reshaped.js'
import { recordNode } from './tape-node.js'
import { looksFor } from './wanted-kernels.js'

/** Inputs of `LevinEmbeddingGrad`. Output: `[count, width]`, each row the sum of the rows of dy with that id; zeros elsewhere. */
export interface EmbeddingGradInputs {
  /** `[ids, width]` float32. */
  readonly dy: TensorInfo
  /** `[ids]` int32, each in [0, count). */
  readonly ids: TensorInfo
}

export interface EmbeddingGradAttrs {
  /** Rows of the table. */
  readonly count: number
  /** A row whose gradient stays zero; -1: none. */
  readonly paddingIndex: number
}

export interface EmbeddingOptions {
  /** A row that is not learnt: its gradient is zero. Default: none. */
  readonly paddingIndex?: number | undefined
}

/**
 * Rows of a table. Keeps the ids only; its gradient is dense, `[count, width]`.
 *
 * Backends on the host check the ids and throw when one is outside the table; graphics backends clamp or give zeros.
 *
 * @param table `[count, width]` float32
 * @param ids `[...]` int32
 * @returns `[..., width]`
 */
export const embedding = /* @__PURE__ */ looksFor(
  ['LevinEmbeddingGrad'],
  function embedding(table: Tensor, ids: Tensor, { paddingIndex = -1 }: EmbeddingOptions = {}): Tensor {
    checkFloat('embedding', 'table', table)
    checkInt('embedding', 'ids', ids)
    check(table.rank === 2, 'embedding', () => `\`table\` must be [count, width], but has shape ${format(table.shape)}`)
    const [count, width] = table.shape as [number, number]
    check(
      Number.isInteger(paddingIndex) && paddingIndex >= -1 && paddingIndex < count,
      'embedding',
      () => `\`paddingIndex\` must be a row of \`table\`, 0 to ${count - 1}, but is ${paddingIndex}`,
    )
    return recordNode({
      name: 'embedding',
      inputs: { table },
      forward(save) {
        save([ids])
        const inputs = { x: table, indices: view(ids, [ids.size]) }
        return callKernel(GatherV2, inputs, { axis: 0, batchDims: 0 }, [...ids.shape, width])[0] as Tensor
      },
      backward: (dy, saved) => ({
        table: () =>
          tidy(() => {
            const flatIds = reshaped(saved[0] as Tensor, [ids.size])
            return gradient(reshaped(dy, [ids.size, width]), flatIds, { count, paddingIndex })
          }),
      }),
    })
  },
)

// --- Internal helpers ---

function gradient(dy: Tensor, ids: Tensor, attrs: EmbeddingGradAttrs): Tensor {
  if (hasKernel(kernelNames.embeddingGrad)) {
    return callOwnKernel(kernelNames.embeddingGrad, { dy, ids }, attrs)[0] as Tensor
  }
  const { count, paddingIndex } = attrs
  const updates = paddingIndex < 0 ? dy : mul(dy, expandDims(cast(notEqual(ids, paddingIndex), 'float32'), 1))
  // Adds up duplicates on every backend. UnsortedSegmentSum would do too, but tfjs's takes count · ids time on the cpu
  // backend, and its wasm backend has none.
  const inputs = { indices: expandDims(ids, 1), updates }
  return callKernel(ScatterNd, inputs, { shape: [count, dy.shape[1] as number] })[0] as Tensor
}
