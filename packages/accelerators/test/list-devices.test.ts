import {
  type Accelerator,
  CurrentBackend,
  definePlugin,
  fromRecipe,
  pickAvailable,
  recipeOf,
  resolve,
} from '@levin/core'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { listDevices } from '../src/index.js'
import '../src/register.js'

const fast = definePlugin({
  kind: 'accelerator',
  name: 'fast',
  apiVersion: 1,
  priority: 50,
  create: (): Accelerator => Object.assign(new CurrentBackend(), { deviceCount: () => 3 }),
})
const absent = definePlugin({
  kind: 'accelerator',
  name: 'absent',
  apiVersion: 1,
  priority: 90,
  availability: () => ({ ok: false, reason: 'no driver.', remedy: 'npm install driver' }),
  create: (): Accelerator => new CurrentBackend(),
})
const particular = definePlugin({
  kind: 'accelerator',
  name: 'particular',
  apiVersion: 1,
  schema: v.strictObject({ port: v.number() }),
  create: (_: { port: number }): Accelerator => new CurrentBackend(),
})

describe('registered accelerators', () => {
  it('are chosen by name, and cpu by auto', async () => {
    expect(recipeOf(resolve('accelerator', 'cpu') as Accelerator)?.name).toBe('cpu')
    expect(recipeOf(resolve('accelerator', ['cpu', { wasmPaths: '/x/' }]) as Accelerator)?.options).toEqual({
      wasmPaths: '/x/',
    })
    expect(recipeOf(resolve('accelerator', 'tfjs-cpu') as Accelerator)?.name).toBe('tfjs-cpu')
    expect((await pickAvailable('accelerator'))?.name).toBe('cpu')
    expect(fromRecipe({ kind: 'accelerator', name: 'cpu', options: {} }).name).toBe('cpu')
  })

  it('give way to one of a third party with a higher priority', async () => {
    expect(recipeOf((await pickAvailable('accelerator', [fast, absent])) as Accelerator)?.name).toBe('fast')
  })
})

describe('the list of devices', () => {
  it('holds what is usable, what is not, and the line that changes it', async () => {
    const devices = await listDevices({ plugins: [absent, fast] })
    expect(devices.map(({ name }) => name)).toEqual([
      'absent',
      'fast',
      'cpu',
      'tfjs-cpu',
      'gpu',
      'mps',
      'tpu',
      'ipu',
      'hpu',
    ])
    expect(devices[0]).toEqual({ name: 'absent', usable: false, reason: 'no driver.', remedy: 'npm install driver' })
    expect(devices[1]).toMatchObject({ usable: true, count: 3, automatic: true, use: "accelerator: 'fast'" })
    expect(devices[2]).toMatchObject({ usable: true, automatic: false, capabilities: { hostMemory: true } })
  })

  it('marks cpu as the choice of auto where nothing better is there, and never tfjs-cpu', async () => {
    const automatic = (await listDevices()).filter((device) => device.usable && device.automatic)
    expect(automatic.map(({ name }) => name)).toEqual(['cpu'])
  })

  it('says what a name of other frameworks means here', async () => {
    const gpu = (await listDevices()).find(({ name }) => name === 'gpu')
    expect(gpu).toMatchObject({ usable: false, reason: expect.stringMatching(/WebGPU.*Known here: 'cpu'/) })
    expect(gpu).toMatchObject({ remedy: expect.stringContaining('/register') })
  })

  it('lists an accelerator that wants options as usable, with what it wants', async () => {
    const listed = (await listDevices({ plugins: [particular] })).find(({ name }) => name === 'particular')
    expect(listed).toMatchObject({ usable: true, automatic: false, use: "accelerator: ['particular', { … }]" })
    expect(listed).toMatchObject({ detail: expect.stringContaining('port') })
  })
})
