import { currentPlatform, type Optimizer, type Parameter } from '@levin/core'
import { onesLike } from '@tensorflow/tfjs-core'
import type { MeasuredModel } from '../measured-model.js'
import { median } from './piece.js'
import { withValues } from './values.js'

/** Large enough for its time to be that of its elements. */
const ENOUGH = 2 ** 18
/** Small enough for any memory. */
const MOST = 2 ** 22

/**
 * What an optimizer keeps and how long it takes, by updates of one parameter of its own: whatever its name is. The parameter's
 * values and the optimizer's state are those of a step afterwards: let both go.
 */
export async function measureOptimizer(optimizer: Optimizer, runs = 5): Promise<MeasuredModel['optimizer']> {
  const { name, sharding } = optimizer
  const parameter = chooseParameter(optimizer.groups.flatMap(({ parameters }) => parameters))
  if (!parameter) return { name, sharding, slots: 0, millisecondsPerElement: 0 }
  return withValues([parameter], async () => {
    const gradient = onesLike(parameter.value)
    const platform = currentPlatform()
    const times: number[] = []
    try {
      for (let run = 0; run <= runs; run++) {
        const begin = platform.now()
        optimizer.step(new Map([[parameter, gradient]]))
        times.push(platform.now() - begin)
      }
    } finally {
      gradient.dispose()
    }
    let elements = 0
    for (const slot of optimizer.slots()) if (slot.parameter === parameter) elements += slot.value.size
    // The first one makes the state.
    const millisecondsPerElement = median(times.slice(1)) / parameter.size
    return { name, sharding, slots: elements / parameter.size, millisecondsPerElement }
  })
}

/** The smallest that is large enough, else the largest of those that are not too large. */
function chooseParameter(parameters: readonly Parameter[]): Parameter | undefined {
  const bySize = parameters.filter(({ trainable, size }) => trainable && size > 0).sort((a, b) => a.size - b.size)
  return bySize.find(({ size }) => size >= ENOUGH && size <= MOST) ?? bySize.filter(({ size }) => size <= MOST).at(-1)
}
