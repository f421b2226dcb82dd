// What is refused before a run begins, as one module.
export { noData, notData, otherBatches, unsplittable } from '../setup/data-refusals.js'
export {
  accumulatesManually,
  lacksMethod,
  needsRunModule,
  needsSynchronousRead,
  noManualOptimization,
  notAModule,
  shardsVariable,
} from '../setup/module-refusals.js'
export {
  badFrequency,
  badInterval,
  foreignParameter,
  noMonitor,
  notAnOptimizer,
  notASchedule,
  severalOptimizers,
} from './optimizer-refusals.js'
