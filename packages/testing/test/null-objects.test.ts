import { CurrentBackend, SoloGroup } from '@levin/core'
import '@tensorflow/tfjs-backend-cpu'
import { ready } from '@tensorflow/tfjs-core'
import { beforeAll, describe, test } from 'vitest'
import {
  acceleratorCases,
  checkpointIOCases,
  MemoryCheckpoints,
  optimizerCases,
  PlainSgd,
  processGroupBodies,
  processGroupCases,
} from '../src/index.js'

beforeAll(() => ready())

describe("core's CurrentBackend is an accelerator", () => {
  for (const { name, run } of acceleratorCases({ create: () => new CurrentBackend() })) test(name, run)
})

describe("core's CurrentBackend is one where memory is not the host's", () => {
  class Remote extends CurrentBackend {
    override get capabilities() {
      return { ...super.capabilities, synchronousRead: false, hostMemory: false }
    }
  }
  for (const { name, run } of acceleratorCases({ create: () => new Remote() })) test(name, run)
})

describe("core's SoloGroup is a process group", () => {
  const launch = async (name: string) => processGroupBodies[name]?.(new SoloGroup())
  for (const { name, run } of processGroupCases({ worldSizes: [1], launch })) test(name, run)
})

describe('PlainSgd is an optimizer', () => {
  const create: Parameters<typeof optimizerCases>[0]['create'] = (parameters, { learningRate }) =>
    new PlainSgd(parameters, learningRate)
  for (const { name, run } of optimizerCases({ create })) test(name, run)
})

describe('MemoryCheckpoints is a checkpoint I/O', () => {
  const shared = new MemoryCheckpoints()
  let folders = 0
  const harness = { create: () => shared, folder: () => `folder-${folders++}` }
  for (const { name, run } of checkpointIOCases(harness)) test(name, run)
})
