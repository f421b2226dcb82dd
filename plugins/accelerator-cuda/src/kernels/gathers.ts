import { GatherV2, scalar, type TensorInfo, UnsortedSegmentSum, util, zeros } from '@tensorflow/tfjs-core'
import type { TensorFlowBackend } from '../runtime/backend.js'
import { attributes } from './kernel.js'
import type { Repair } from './repair.js'
import { isEmpty } from './windows.js'

/**
 * Rows by their numbers, without reading the numbers: tfjs-node brings them to the host at every call, to check them, which
 * waits for a GPU. TensorFlow checks them itself on the CPU, and gives zeros on a GPU. And along an axis counted from the
 * end, where that check fails.
 *
 * Sums over segments, where there are none.
 */
export function gathers(backend: TensorFlowBackend): Repair[] {
  const { type, integer } = attributes(backend)
  return [
    {
      kernelName: GatherV2,
      repaired:
        () =>
        ({ inputs, attrs }) => {
          const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo }
          const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number }
          const operation = [
            integer('batch_dims', batchDims),
            type('Tparams', x.dtype),
            type('Tindices', 'int32'),
            type('Taxis', 'int32'),
          ]
          const along = scalar(util.parseAxisParam(axis, x.shape)[0] as number, 'int32')
          const rows = backend.executeSingleOutput(GatherV2, operation, [x, indices, along])
          along.dispose()
          return rows
        },
    },
    {
      kernelName: UnsortedSegmentSum,
      repaired: (stock) => (args) => {
        const { x, segmentIds } = args.inputs as { x: TensorInfo; segmentIds: TensorInfo }
        const { numSegments } = args.attrs as unknown as { numSegments: number }
        const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)]
        return isEmpty(shape) ? zeros(shape, x.dtype) : stock(args)
      },
    },
  ]
}
