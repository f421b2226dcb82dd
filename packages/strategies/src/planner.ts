/** What layouts of a model over workers take in memory and time. */
export { type Cluster, type ClusterCosts, clusterCosts, flatRing, type SharedMemory } from './planner/costs/cluster.js'
export {
  ALL_REDUCES,
  type AllReduceName,
  cheapest,
  crossover,
  ringAllReduce,
  secondsOf,
} from './planner/costs/collectives.js'
export type { Link } from './planner/costs/link.js'
export { type AssumedNetwork, linkOf, NETWORKS } from './planner/costs/networks.js'
export { SECONDS_PER_REDUCED_BYTE, SHARED_MEMORY } from './planner/costs/shared-memory.js'
export { ALONE, type Axis, type Layout, layoutName, meshOptions } from './planner/layout.js'
export type { Machine } from './planner/machine.js'
export { type MeasuredLayers, measureLayers } from './planner/measure/layers.js'
export { type MeasuringOptions, MeasuringStrategy } from './planner/measure/measuring-strategy.js'
export type { MeasureOptions } from './planner/measure/piece.js'
export type { MeasuredModel, MeasuredParameter, MeasuredPiece } from './planner/measured-model.js'
export { largestOf, planMemory, type RankMemory } from './planner/memory.js'
export { type ImpossibleLayout, type Plan, type PlannedLayout, type PlanOptions, planLayouts } from './planner/plan.js'
export { gibibytes } from './planner/reason.js'
export { planTime, type StepTime } from './planner/time.js'
