import type { ConfiguredOptimizer } from './configured-optimizer.js'

/** Sets the learning rates of an optimizer to a share of those that it began with. */
export function setFactor({ optimizer }: ConfiguredOptimizer, factor: number): void {
  for (const group of optimizer.groups) group.learningRate = group.baseLearningRate * factor
}
