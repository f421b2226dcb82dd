import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { listDevices } from '@levin/accelerators'
import { availabilityOf, LevinError, pickAvailable, portableRecipe } from '@levin/core'
import { describe, expect, it } from 'vitest'
import { chooseAdapter } from '../src/gpu/adapters.js'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

const program = fileURLToPath(new URL('programs/ends.ts', import.meta.url))

/** Runs a program in a Node of its own, and gives what it prints. */
async function output(environment: NodeJS.ProcessEnv = {}, argument = 'train'): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@levin/source', '--import', 'tsx', program, argument],
    { env: { ...process.env, ...environment }, timeout: 25_000 },
  )
  return stdout
}

async function refusal(action: () => unknown): Promise<LevinError> {
  try {
    await action()
  } catch (error) {
    if (LevinError.isInstance(error)) return error
    throw error
  }
  throw new Error('Expected a LevinError, and nothing was thrown.')
}

describe('without a driver', () => {
  it('says what is missing, and what to install', async () => {
    // A file that names no driver, so that the loader of Vulkan finds none.
    const availability = JSON.parse(
      await output({ VK_ICD_FILENAMES: program, VK_DRIVER_FILES: program }, 'availability'),
    )
    expect(availability).toMatchObject({ ok: false, reason: 'WebGPU is there, and finds no adapter.' })
    expect(availability.remedy).toContain('libvulkan1')
  })
})

describe('its options', () => {
  it.each([
    { adapter: -1 },
    { adapter: '' },
    { memoryBudget: 0 },
    { powerPreference: 'fast' },
    { lib: 3 },
    { unknown: 1 },
  ])('refuse %j', (options) => {
    expect(() => webgpu(options as never)).toThrow(expect.objectContaining({ code: 'LEVIN_BAD_OPTION' }))
  })

  it('travel, but for a function', () => {
    const recipe = portableRecipe(webgpu({ adapter: 'nvidia', memoryBudget: 1024 }), 'The accelerator')
    expect(recipe).toMatchObject({ name: 'webgpu', options: { adapter: 'nvidia', memoryBudget: 1024 } })
  })

  it('choose an adapter by index or by a part of its name, and hardware where they say nothing', () => {
    const entry = (name: string, isSoftware = false) => ({ name, isSoftware }) as never
    const adapters = [entry('NVIDIA A'), entry('Intel'), entry('llvmpipe', true)]
    expect(chooseAdapter(adapters, undefined, 1)?.name).toBe('Intel')
    expect(chooseAdapter(adapters, undefined, 2)).toBeUndefined()
    expect(chooseAdapter(adapters, 2, 0)?.name).toBe('llvmpipe')
    expect(chooseAdapter(adapters, 'nvidia', 0)?.name).toBe('NVIDIA A')
    expect(chooseAdapter([entry('llvmpipe', true)], undefined, 0)?.name).toBe('llvmpipe')
  })
})

describe.runIf(hasAdapter())('on a software adapter', () => {
  it("is available, and never taken by 'auto'", async () => {
    expect(await availabilityOf(webgpu)).toMatchObject({ ok: true, automatic: false })
    expect(await pickAvailable('accelerator', [webgpu])).toBeUndefined()
  })

  it('is listed with its limits', async () => {
    const [listing] = await listDevices({ plugins: [webgpu] })
    expect(listing).toMatchObject({ name: 'webgpu', usable: true, count: 1, automatic: false })
    expect(listing).toHaveProperty('detail', expect.stringMatching(/^0: SwiftShader.*emulated by the processor.*GiB/))
  })

  it('names the adapters there are for one that is not there', async () => {
    const error = await refusal(() => webgpu({ adapter: 'voodoo' }).setup())
    expect(error.code).toBe('LEVIN_UNAVAILABLE')
    expect(error.message).toMatch(/'voodoo'.*found 0: 'SwiftShader/)
  })

  it('says what to do where the backend cannot be imported', async () => {
    const error = await refusal(() => webgpu({ lib: () => Promise.reject(new Error('gone')) }).setup())
    expect(error.message).toContain('@tensorflow/tfjs-backend-webgpu')
  })

  it.each(['train', 'kept', 'worker'])('lets the process end: %s', async (argument) => {
    expect(await output({}, argument)).toBe('14\n')
  })
})
