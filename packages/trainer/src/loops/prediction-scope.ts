import { ForwardScope, type ForwardServices, type PredictionStep, type StepPosition } from '@levin/core'

/** The context of one prediction step. */
export class PredictionScope extends ForwardScope implements PredictionStep {
  declare readonly mode: 'predict'
  declare readonly training: false
  readonly dataloaderIndex: number

  constructor(position: StepPosition, services: ForwardServices, dataloaderIndex: number) {
    super(position, services)
    this.dataloaderIndex = dataloaderIndex
  }
}
