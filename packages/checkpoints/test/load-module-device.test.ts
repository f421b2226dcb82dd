import '@tensorflow/tfjs-backend-cpu'
import {
  type Accelerator,
  CurrentBackend,
  currentBackendName,
  definePlugin,
  Module,
  Parameter,
  register,
  zeros,
} from '@levin/core'
import { setBackend } from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { checkpointIO, loadModule, memoryStorage } from '../src/index.js'
import { contentOf, record, refusal } from './support.js'

class Scale extends Module {
  readonly factor = new Parameter([1], zeros())
}

const io = checkpointIO(memoryStorage())
const setUp: string[] = []

const accelerator = (name: string, priority: number, ok = true) =>
  definePlugin({
    kind: 'accelerator',
    name,
    apiVersion: 1,
    priority,
    availability: () => (ok ? { ok } : { ok, reason: 'it is not plugged in', remedy: 'plug it in' }),
    create: (): Accelerator =>
      Object.assign(new CurrentBackend(), {
        name,
        setup: async () => {
          setUp.push(name)
          await setBackend('cpu')
        },
      }),
  })
const absent = accelerator('absent', 200, false)

beforeAll(async () => {
  for (const plugin of [absent, accelerator('best', 100), accelerator('other', 1)]) register(plugin)
  await io.save('a', { ...contentOf(1, { weightsOnly: true }), model: [record('factor', Float32Array.of(3))] })
})

const modules: Module[] = []
afterEach(() => {
  for (const module of modules.splice(0)) module.dispose()
  setUp.length = 0
})

async function factorOf(options: Parameters<typeof loadModule>[2]): Promise<number | undefined> {
  const module = await loadModule(Scale, 'a', { io, ...options })
  modules.push(module)
  return module.factor.value.dataSync()[0]
}

// The order counts: the first test finds tfjs as a program begins with it.
test('a device is set up where tfjs has none: the best registered one that is available', async () => {
  expect(currentBackendName()).toBeUndefined()
  expect(await factorOf({})).toBe(3)
  expect(setUp).toEqual(['best'])
})

test('what tfjs computes on already is left alone', async () => {
  expect(await factorOf({})).toBe(3)
  expect(setUp).toEqual([])
})

test('another one is taken by name or value, and refused with the reason where it cannot run', async () => {
  await factorOf({ accelerator: 'other' as never })
  await factorOf({ accelerator: accelerator('mine', 0)() })
  expect(setUp).toEqual(['other', 'mine'])
  const error = await refusal(loadModule(Scale, 'a', { io, accelerator: 'absent' as never }))
  expect(error).toMatchObject({ code: 'LEVIN_UNAVAILABLE', message: expect.stringContaining('not plugged in') })
})
