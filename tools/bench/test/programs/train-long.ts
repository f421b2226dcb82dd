/**
 * Trains one work of the bench for long, through everything that a user's run goes through: a loader that shuffles, the
 * Trainer, logged values. `train-long.ts <material> <steps> <step>,<step>,…` prints what there is after each of these steps.
 */
import { cpu } from '@levin/accelerators'
import type { Callback, TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { Trainer } from '@levin/trainer'
import type { DeviceBatch } from '../../src/peers/bare-loop.js'
import { levinModel } from '../../src/peers/levin-models.js'
import { type MaterialArray, readMaterial } from '../../src/peers/material.js'
import { LossCheck } from '../../src/peers/protocol.js'

export interface Reading {
  readonly step: number
  readonly tensors: number
  readonly tensorBytes: number
  readonly peakBytes: number
  readonly heapBytes: number
  /** Of JavaScript objects and array buffers, after a collection. */
  readonly objectBytes: number
  readonly residentBytes: number
}

const [folder = '', steps = '', at = ''] = process.argv.slice(2)
const material = readMaterial(folder)
const readAt = at.split(',').map(Number)
const accelerator = cpu()
const module = levinModel(material, new LossCheck(0))
const forward = module.trainingStep.bind(module)
module.trainingStep = (batch: DeviceBatch, step: TrainingStep) => {
  const loss = forward(batch, step)
  step.log('train/loss', loss, { onStep: true, onEpoch: true })
  return loss
}

/** All batches one behind the other, as samples. */
function column(arrays: readonly MaterialArray[]) {
  const [first] = arrays
  if (first === undefined) throw new Error('Expected batches in the material, found none.')
  const Values = first.data instanceof Int32Array ? Int32Array : Float32Array
  const data = new Values(arrays.reduce((length, { data }) => length + data.length, 0))
  arrays.reduce((offset, each) => {
    data.set(each.data, offset)
    return offset + each.data.length
  }, 0)
  const [batch = 0, ...rest] = first.shape
  return { data, shape: [batch * arrays.length, ...rest] }
}

function read(step: number): Reading {
  globalThis.gc?.()
  const { tensors, bytes, peak = 0, capacity = 0 } = accelerator.memory()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  // The wasm heap is an array buffer to Node.
  const objectBytes = heapUsed + arrayBuffers
  return { step, tensors, tensorBytes: bytes, peakBytes: peak, heapBytes: capacity, objectBytes, residentBytes: rss }
}

let step = 0
const reader: Callback = {
  name: 'reader',
  onTrainBatchEnd() {
    if (readAt.includes(++step)) console.log(JSON.stringify(read(step)))
  },
}

const samples = fromArrays({
  inputs: column(material.batches.map(({ inputs }) => inputs)),
  labels: column(material.batches.map(({ labels }) => labels)),
})
const trainer = new Trainer({
  accelerator,
  maxEpochs: -1,
  maxSteps: Number(steps),
  loggers: false,
  callbacks: [reader],
  enableCheckpointing: false,
  enableProgressBar: false,
  enableModelSummary: false,
})
await trainer.fit(module, { train: new DataLoader(samples, { batchSize: material.training.batch, shuffle: true }) })
