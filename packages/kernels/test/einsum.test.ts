import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { expectClose, type HostTensor, kernel, random, size } from './support.js'

const length: Record<string, number> = { b: 2, h: 3, i: 4, j: 5, k: 6, l: 1 }
const shapeOf = (axes: string) => [...axes].map((letter) => length[letter] as number)

/** The sum by its definition, in float64. */
function reference(equation: string, tensors: readonly HostTensor[]): { shape: number[]; values: Float64Array } {
  const [left = '', output = ''] = equation.split('->')
  const terms = left.split(',')
  const letters = [...new Set(left.replace(',', '') + output)]
  const lengths = shapeOf(letters.join(''))
  const offset = (axes: string, at: readonly number[]) =>
    [...axes].reduce((sum, letter) => sum * (length[letter] as number) + (at[letters.indexOf(letter)] as number), 0)
  const values = new Float64Array(size(shapeOf(output)))
  const at = lengths.map(() => 0)
  for (let n = 0; n < size(lengths); n++) {
    const factor = tensors.reduce(
      (product, { values }, i) => product * (values[offset(terms[i] as string, at)] as number),
      1,
    )
    values[offset(output, at)] = (values[offset(output, at)] as number) + factor
    for (let axis = at.length - 1; axis >= 0; axis--) {
      at[axis] = ((at[axis] as number) + 1) % (lengths[axis] as number)
      if (at[axis] !== 0) break
    }
  }
  return { shape: shapeOf(output), values }
}

describe('Einsum', () => {
  it.each([
    'ij->ij',
    'ij->ji',
    'ij->i',
    'ij->',
    'bij->jb',
    'i,i->',
    'i,j->ij',
    'ij,ij->ij',
    'ij,ij->i',
    'ij,ij->',
    'ij,jk->ik',
    'ij,kj->ik',
    'ji,jk->ki',
    'ji,kj->ik',
    'ijk,k->ij',
    'bij,bjk->bik',
    'bij,bkj->bik',
    'ibj,kbj->bik',
    'bhik,bhjk->bhij',
    'bihk,bjhk->bhij',
    'bhij,bjhk->bihk',
    'ijk,jkb->ib',
    'ijk,kjb->bi',
    'ijb,jk->k',
    'ij,kb->ik',
    'il,lj->ij',
    'bi,->bi',
  ])('%s is what its definition says', (equation) => {
    const axes = (equation.split('->')[0] as string).split(',')
    const inputs = axes.map((letters, index) => random(shapeOf(letters), index + 1))
    expectClose(kernel('Einsum', inputs, { equation }), reference(equation, inputs))
  })

  it('of integers stays exact', () => {
    tf.tidy(() => {
      const a = tf.tensor2d([2 ** 24 + 1, 1, 2, 3], [2, 2], 'int32')
      const b = tf.tensor2d([1, 0, 0, 1], [2, 2], 'int32')
      const out = tf.einsum('ij,jk->ik', a, b)
      expect(out.dtype).toBe('int32')
      expect([...out.dataSync()]).toEqual([2 ** 24 + 1, 1, 2, 3])
    })
  })

  it('of a tensor with itself, and with an empty axis', () => {
    tf.tidy(() => {
      const a = tf.tensor2d([1, 2, 3, 4], [2, 2])
      expect(tf.einsum('ij,kj->ik', a, a).arraySync()).toEqual([
        [5, 11],
        [11, 25],
      ])
      expect(tf.einsum('ij,jk->ik', tf.zeros([2, 0]), tf.zeros([0, 3])).arraySync()).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ])
    })
  })

  it('refuses lengths that do not fit, and an axis that is asked for twice', () => {
    tf.tidy(() => {
      expect(() => tf.einsum('i->ii', tf.ones([2]))).toThrow(/every axis once in the output.*found 'ii'/)
      expect(() => tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([4, 5]))).toThrow(/Expected dimension 3/)
    })
  })
})
