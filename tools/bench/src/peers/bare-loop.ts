import {
  type Accelerator,
  ForwardScope,
  type HostTensor,
  Module,
  type Optimizer,
  type Parameter,
  record,
  type TrainingStep,
} from '@levin/core'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'

/** A batch as a loader yields it. */
export interface HostBatch {
  readonly inputs: HostTensor
  readonly labels: HostTensor
}

export interface DeviceBatch {
  readonly inputs: Tensor
  readonly labels: Tensor
}

/** A module whose optimizer is there before a Trainer asks for it, so that a bare loop can use it too. */
export abstract class MeasuredModule extends Module<DeviceBatch> {
  abstract override trainingStep(batch: DeviceBatch, step: TrainingStep): Scalar
  abstract override configureOptimizers(): Optimizer
}

/** The step as one writes it by hand, on the same accelerator, layers, tape and optimizer. The module is built. */
export function bareLoop(accelerator: Accelerator, module: MeasuredModule): (batch: HostBatch) => void {
  const parameters = module.parameters()
  const optimizer = module.configureOptimizers()
  const position = { seed: 0, mode: 'train', globalStep: 0, epoch: 0, batchIndex: 0, microBatch: 0 } as const
  const step = new ForwardScope({ ...position, firstSample: 0, globalBatchSize: 0 }) as unknown as TrainingStep
  return (batch) => {
    const inputs = accelerator.upload(batch.inputs)
    const labels = accelerator.upload(batch.labels)
    const tape = record(
      () => module.trainingStep({ inputs, labels }, step),
      parameters.map(({ value }) => value),
    )
    const gradients = new Map<Parameter, Tensor>()
    tape.backward(undefined, (_source, gradient, index) => gradients.set(parameters[index]!, gradient))
    optimizer.step(gradients)
    for (const gradient of gradients.values()) gradient.dispose()
    tape.dispose()
    inputs.dispose()
    labels.dispose()
  }
}
