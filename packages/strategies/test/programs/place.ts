import '@tensorflow/tfjs-backend-cpu'
import { cpu, tfjsCpu } from '@levin/accelerators'
import type { Accelerator, ProcessGroup, RankDescription, World as RankWorld, Strategy } from '@levin/core'
import type { Fit } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import { type DdpOptions, ddp } from '../../src/index.js'
import type { World } from './protocol.js'

/** Where a rank is. */
export interface Place {
  readonly group: ProcessGroup
  readonly world: World
}

export const acceleratorOf = ({ backend = 'wasm' }: World): Accelerator =>
  backend === 'wasm' ? cpu({ blas: false }) : tfjsCpu()

/** The strategy, as whoever starts a rank makes it. */
export function ddpAt({ group }: Place, options: DdpOptions = {}): Strategy {
  const { rank, size } = group
  const description: RankDescription = {
    globalRank: rank,
    localRank: rank,
    nodeRank: 0,
    localWorldSize: size,
    worldSize: size,
  }
  const strategy: Strategy = ddp(options)
  const world: RankWorld = { rank: description, group }
  strategy.join?.(world)
  return strategy
}

export const fitOn =
  (accelerator: Accelerator): Fit =>
  async ({ module, data, ckptPath, clipping, ...options }) => {
    try {
      return await new Trainer({
        ...options,
        accelerator,
        ...(clipping ? { gradientClipVal: clipping.value, gradientClipAlgorithm: clipping.algorithm } : {}),
        loggers: false,
        enableCheckpointing: false,
        enableProgressBar: false,
        enableModelSummary: false,
        numSanityValSteps: 0,
      }).fit(module, data, ckptPath === undefined ? {} : { ckptPath })
    } catch (error) {
      options.strategy?.fail?.(error)
      throw error
    }
  }
