import { fillUniform, type RandomKey } from '@levin/core'
import * as ops from '@levin/ops'
import { type Tensor, tensor, util } from '@tensorflow/tfjs-core'
import { sweepOp } from '../sweep-op.js'

interface Drawn {
  readonly rate: number
  readonly key: RandomKey
}

interface Attended {
  readonly query: Tensor
  readonly key: Tensor
  readonly value: Tensor
  readonly mask?: Tensor
}

/** The kernels draw their own numbers; composed ops ask for these. */
const dropping = ({ rate, key }: Drawn, shape: readonly number[]): ops.DropoutOptions => ({
  rate,
  key,
  draw() {
    const uniforms = new Float32Array(util.sizeFromShape([...shape]))
    fillUniform(uniforms, key)
    return tensor(uniforms, [...shape])
  },
})

export const sequences = {
  dropout: sweepOp<{ x: Tensor }, Drawn>(({ x }, drawn) => ops.dropout(x, dropping(drawn, x.shape))),
  attention: sweepOp<Attended, Omit<ops.AttentionOptions, 'dropout'> & { dropout?: Drawn }>(
    ({ query, key, value, mask }, { dropout, ...options }) => {
      const scores = [query.shape[0] ?? 0, options.heads, query.shape[1] ?? 0, key.shape[1] ?? 0]
      return ops.attention(query, key, value, {
        ...options,
        mask,
        ...(dropout && { dropout: dropping(dropout, scores) }),
      })
    },
  ),
  lstm: sweepOp<ops.LstmOperands>((operands) => {
    const { output, hidden, cell } = ops.lstmSequence(operands)
    return [output, hidden, cell]
  }),
  gru: sweepOp<ops.RecurrentOperands>((operands) => {
    const { output, hidden } = ops.gruSequence(operands)
    return [output, hidden]
  }),
}
