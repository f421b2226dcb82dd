import { Worker } from 'node:worker_threads'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type Accelerator,
  type AnyPlugin,
  API_VERSION,
  CurrentBackend,
  definePlugin,
  fromRecipe,
  LevinError,
  pickAvailable,
  portableRecipe,
  type Recipe,
  recipeOf,
  register,
  requireAvailable,
  resolve,
  unregister,
} from '../src/index.js'

interface ToyOptions {
  readonly level?: number
}

class ToyAccelerator extends CurrentBackend {
  constructor(readonly options: ToyOptions) {
    super()
  }
}

/** Validates by hand, as any Standard Schema may. */
const levelSchema: StandardSchemaV1<ToyOptions> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { level } = value as { level?: unknown }
      if (level === undefined || typeof level === 'number') return { value: value as ToyOptions }
      return { issues: [{ message: 'expected a number', path: ['level'] }] }
    },
  },
}

const toy = (name: string, extra: Partial<AnyPlugin> = {}) =>
  definePlugin({
    kind: 'accelerator',
    name,
    apiVersion: 1,
    schema: levelSchema,
    create: (options: ToyOptions): Accelerator => new ToyAccelerator(options),
    ...extra,
  })

const registered: AnyPlugin[] = []
const registerForTest = (plugin: AnyPlugin) => {
  registered.push(plugin)
  register(plugin)
}
afterEach(() => {
  for (const plugin of registered.splice(0)) unregister(plugin)
})

describe('the three forms of a choice', () => {
  const plugin = toy('toy')

  test('a value is used as it is', () => {
    const instance = plugin({ level: 3 })
    expect(resolve('accelerator', instance)).toBe(instance)
  })

  test('a name from a list makes an instance with the given options', () => {
    const instance = resolve('accelerator', ['toy', { level: 2 }], [plugin]) as ToyAccelerator
    expect(instance.options).toEqual({ level: 2 })
  })

  test('a registered name needs no list', () => {
    registerForTest(plugin)
    expect(resolve('accelerator', 'toy' as never)).toBeInstanceOf(ToyAccelerator)
  })

  test("'auto' is left to pickAvailable", () => {
    expect(resolve('accelerator', 'auto')).toBeUndefined()
  })
})

describe('what is refused', () => {
  const failure = (body: () => unknown): LevinError => {
    try {
      body()
    } catch (error) {
      if (LevinError.isInstance(error)) return error
      throw error
    }
    throw new Error('nothing was refused')
  }

  test('an unknown name, with the known ones and what to do', () => {
    const error = failure(() => resolve('accelerator', 'tyo' as never, [toy('toy')]))
    expect(error.code).toBe('LEVIN_UNKNOWN_PLUGIN')
    expect(error.message).toContain("No accelerator is called 'tyo'; known: 'toy'")
    expect(error.message).toContain("import '<package>/register'")
  })

  test.each(['gpu', 'mps', 'tpu', 'ipu', 'hpu'])('the reserved name %s, saying what exists', (name) => {
    const error = failure(() => resolve('accelerator', name as never, [toy('toy')]))
    expect(error.code).toBe('LEVIN_RESERVED_NAME')
    expect(error.message).toContain("Known here: 'toy'")
  })

  test('a reserved name that a plugin has taken is no longer refused', () => {
    expect(resolve('accelerator', 'tpu', [toy('tpu')])).toBeInstanceOf(ToyAccelerator)
  })

  test('options of the wrong type, naming the option', () => {
    const error = failure(() => toy('toy')({ level: 'high' as never }))
    expect(error.code).toBe('LEVIN_BAD_OPTION')
    expect(error.message).toContain('level: expected a number')
  })

  test('a factory instead of its value', () => {
    expect(failure(() => resolve('accelerator', toy('toy') as never)).message).toContain('Call it, as in toy()')
  })

  test('a plugin of another version of the contract, at run time too', () => {
    const future = toy('toy', { apiVersion: (API_VERSION + 1) as typeof API_VERSION })
    expect(failure(() => register(future)).code).toBe('LEVIN_API_VERSION')
    expect(failure(() => future()).code).toBe('LEVIN_API_VERSION')
  })

  test('a second plugin of the same kind and name, unless it overrides', () => {
    registerForTest(toy('toy'))
    const second = toy('toy')
    expect(failure(() => register(second)).code).toBe('LEVIN_DUPLICATE_PLUGIN')
    registered.push(second)
    register(second, { override: true })
    expect(recipeOf(resolve('accelerator', 'toy' as never) as object)).toMatchObject({ name: 'toy' })
  })

  test('registering the same plugin twice is no conflict', () => {
    const plugin = toy('toy')
    registerForTest(plugin)
    expect(() => register(plugin)).not.toThrow()
  })
})

describe('automatic choice', () => {
  const unavailable = { ok: false as const, reason: 'no device.', remedy: 'Plug one in.' }

  test('takes the available plugin of highest priority', async () => {
    const plugins = [
      toy('low', { priority: 1 }),
      toy('best', { priority: 9, availability: () => unavailable }),
      toy('middle', { priority: 5 }),
    ]
    expect(recipeOf((await pickAvailable('accelerator', plugins)) as object)?.name).toBe('middle')
  })

  test('never takes one that is meant to be named, nor one whose check throws', async () => {
    const broken = () => {
      throw new Error('driver crashed')
    }
    const plugins = [toy('broken', { priority: 3, availability: broken }), toy('named-only', { priority: -1 })]
    expect(await pickAvailable('accelerator', plugins)).toBeUndefined()
  })

  test('passes by one that is not automatic here, unless there is nothing else', async () => {
    const emulated = toy('emulated', { priority: 9, availability: () => ({ ok: true, automatic: false }) })
    const nameOf = (instance: object | undefined) => instance && recipeOf(instance)?.name
    expect(nameOf(await pickAvailable('accelerator', [emulated, toy('plain')]))).toBe('plain')
    expect(await pickAvailable('accelerator', [emulated])).toBeUndefined()
    expect(nameOf(await pickAvailable('accelerator', [emulated], { lastResort: true }))).toBe('emulated')
  })

  test('a named plugin that cannot run here is refused with its reason and remedy', async () => {
    const plugin = toy('toy', { availability: () => unavailable })
    const attempt = requireAvailable('accelerator', recipeOf(plugin()), [plugin])
    await expect(attempt).rejects.toThrow("The accelerator 'toy' cannot run here: no device. Plug one in.")
  })
})

describe('recipes', () => {
  test('an instance is made again from its recipe', () => {
    const plugin = toy('toy')
    const recipe = portableRecipe(plugin({ level: 4 }), 'the accelerator')
    const again = fromRecipe(JSON.parse(JSON.stringify(recipe)) as Recipe<'accelerator'>, [plugin]) as ToyAccelerator
    expect(again.options).toEqual({ level: 4 })
  })

  test('an instance that was built by hand has none, and the error says what to do', () => {
    expect(() => portableRecipe(new CurrentBackend(), 'the accelerator')).toThrow('built by hand')
  })

  test('an option that is not JSON is named', () => {
    const open = definePlugin({
      kind: 'accelerator',
      name: 'open',
      apiVersion: 1,
      create: (_options: { nested?: { callback?: () => void } }): Accelerator => new CurrentBackend(),
    })
    const instance = open({ nested: { callback: () => {} } })
    expect(() => portableRecipe(instance, 'the accelerator')).toThrow(
      'options.nested.callback (a function) is not JSON',
    )
  })

  test('a plugin is made again from its recipe in a worker', async () => {
    const worker = new Worker(new URL('./fixtures/recipe-worker.mjs', import.meta.url), {
      execArgv: ['--conditions=@levin/source'],
      workerData: { kind: 'accelerator', name: 'worker-toy', options: { level: 7 } } satisfies Recipe,
    })
    const answer = await new Promise((settle, fail) => {
      worker.once('message', settle)
      worker.once('error', fail)
    })
    expect(answer).toEqual({
      name: 'worker-toy',
      level: 7,
      recipe: { kind: 'accelerator', name: 'worker-toy', options: { level: 7 } },
    })
    await worker.terminate()
  })
})
