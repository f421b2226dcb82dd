import { type Collectives, record } from '@levin/core'
import { ringAttention } from '@levin/nn'
import { ones, type Rank, zeros } from '@tensorflow/tfjs-core'
import { GroupLayerRanks } from '../../src/group/layer-ranks.js'
import { TensorAccess } from '../../src/group/tensor-access.js'
import { acceleratorOf, type Place } from './place.js'
import { type RingCase, type RingResult, ringPart } from './ring-cases.js'
import { type RingLayerCase, type RingLayerResult, ringLayer } from './ring-layer.js'

export interface RingOutcome extends RingResult {
  readonly bytesSent: number
}

export const ringBodies = {
  /** The rank's part of an attention over the ring, and how many bytes it sent for that. */
  async ring(place: Place, plan: RingCase): Promise<RingOutcome> {
    const ring = await ringOf(place)
    const { traffic } = place.group
    const { bytesSent } = traffic
    const result = ringPart(plan, ring)
    return { ...result, bytesSent: traffic.bytesSent - bytesSent }
  },

  async ringLayer(place: Place, plan: RingLayerCase): Promise<RingLayerResult> {
    return ringLayer(plan, await ringOf(place))
  },

  /** A shard without samples: it joins the others all the same. */
  async ringOfNothing(place: Place): Promise<number[][]> {
    const ring = await ringOf(place)
    const x = zeros<Rank.R3>([0, 2, 4])
    const tape = record(() => ringAttention(x, x, x, ring, { heads: 2, causal: true }), [x])
    const shapes = [tape.outputs.shape as number[]]
    tape.backward([zeros([0, 2, 4])], (_source, gradient) => shapes.push(gradient.shape))
    tape.dispose()
    return shapes
  },

  async ringMaskTooShort(place: Place): Promise<void> {
    const ring = await ringOf(place)
    const x = ones<Rank.R3>([1, 2, 4])
    ringAttention(x, x, x, ring, { heads: 1, mask: zeros([1, 1, 2, 2]) })
  },
}

/** The ranks of the world, on a device that is set up. */
async function ringOf({ group, world }: Place): Promise<GroupLayerRanks> {
  const accelerator = acceleratorOf(world)
  await accelerator.setup()
  return new GroupLayerRanks(group, group.blocking as Collectives, new TensorAccess(accelerator))
}
