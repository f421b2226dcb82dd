// A run whose ranks compute on TensorFlow's library.
import '../../src/register.js'
import '@levin/collective-mpi/register'
import '@levin/strategies/register'
import { DataModule, Module, type Parameter, type RunContext, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { linear, mse } from '@levin/nn'
import { sgd } from '@levin/optim'
import { defineRun } from '@levin/trainer'
import { getBackend, type Scalar, type Tensor2D } from '@tensorflow/tfjs-core'

interface Points extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly y: Tensor2D
}

class Regression extends Module<Points> {
  readonly layer = linear(3, 2)

  trainingStep({ x, y }: Points, step: TrainingStep): Scalar {
    const loss = mse(this.layer.forward(x, step), y)
    step.log('loss', loss)
    return loss
  }

  onTrainStart(run: RunContext): void {
    console.log(`rank ${run.rank.globalRank} on ${getBackend()} in process ${process.pid}`)
  }

  onTrainEnd(run: RunContext): void {
    if (run.isGlobalZero) console.log(`weights ${JSON.stringify([...this.layer.weight.value.dataSync()])}`)
  }

  configureOptimizers() {
    return sgd(this.parameters() as Parameter[], { learningRate: 0.1 })
  }
}

const wave = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7))

class PointsData extends DataModule<Points> {
  constructor(readonly batchSize: number) {
    super()
  }

  trainDataLoader() {
    const table = fromArrays({ x: { data: wave(48), shape: [16, 3] }, y: { data: wave(32), shape: [16, 2] } })
    return new DataLoader(table, { batchSize: this.batchSize })
  }
}

export default defineRun({
  hparams: { batchSize: 4 },
  module: () => new Regression(),
  data: ({ batchSize }) => new PointsData(batchSize),
  trainer: () => ({ maxEpochs: 1, enableProgressBar: false, enableModelSummary: false, enableCheckpointing: false }),
})
