import { sweepOp } from '@levin/testing/ops'
import * as tf from '@tensorflow/tfjs-core'

interface Parts {
  readonly real: tf.Tensor
  readonly imag: tf.Tensor
}

interface TwoParts {
  readonly a: tf.Tensor
  readonly b: tf.Tensor
  readonly c: tf.Tensor
  readonly d: tf.Tensor
}

const partsOf = (z: tf.Tensor): tf.Tensor[] => (z.dtype === 'complex64' ? [tf.real(z), tf.imag(z)] : [z])

const one = (f: (z: tf.Tensor) => tf.Tensor) => sweepOp<Parts>(({ real, imag }) => partsOf(f(tf.complex(real, imag))))

const two = (f: (z: tf.Tensor, w: tf.Tensor) => tf.Tensor) =>
  sweepOp<TwoParts>(({ a, b, c, d }) => partsOf(f(tf.complex(a, b), tf.complex(c, d))))

const rows = (z: tf.Tensor): number[] => ((z.shape[0] ?? 0) > 1 ? [1, 0, 1] : [0, 0, 0])

export const complex = {
  complexParts: one((z) => z),
  complexAbs: one(tf.abs),
  complexNeg: one(tf.neg),
  complexOnesLike: one(tf.onesLike),
  complexZerosLike: one(tf.zerosLike),
  complexSum: one((z) => tf.sum(z, z.rank > 1 ? 1 : 0)),
  complexReverse: one((z) => tf.reverse(z, 0)),
  complexTranspose: one((z) => tf.transpose(z)),
  complexTile: one((z) =>
    tf.tile(
      z,
      z.shape.map(() => 2),
    ),
  ),
  complexPad: one((z) => tf.pad(z, [...z.shape.slice(1).map((): [number, number] => [0, 0]), [1, 2]], 1.5)),
  complexGather: one((z) => tf.gather(z, tf.tensor1d(rows(z), 'int32'))),
  complexDoubled: one((z) => tf.add(z, z)),
  complexCancelled: one((z) => tf.sub(z, z)),
  complexSquared: one((z) => tf.mul(z, z)),
  complexTwice: one((z) => tf.concat([z, z], 0)),
  fft: one(tf.fft),
  ifft: one(tf.ifft),
  complexAdd: two(tf.add),
  complexSub: two(tf.sub),
  complexMultiply: two(tf.mul),
  complexConcat: two((z, w) => tf.concat([z, w], 0)),
}
