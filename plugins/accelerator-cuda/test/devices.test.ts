import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeGpu, readGpu } from '../src/cuda-devices/nvidia-smi.js'
import { entryOf } from '../src/cuda-devices/one-gpu.js'
import { visibleDevices } from '../src/cuda-devices/visible-devices.js'
import { cuda } from '../src/index.js'

let folder: string

/** A tool that prints what the real one prints for two GPUs. */
const NVIDIA_SMI = `#!/bin/sh
case "$*" in
  -L) echo 'GPU 0: Tesla T4 (UUID: GPU-1f7c)'; echo '  MIG 1g.5gb Device 0: (UUID: MIG-77)'; echo 'GPU 1: Tesla T4 (UUID: GPU-9a3e)' ;;
  *utilization*"-i 1"*) echo '37, 61, [N/A], 1024, 15360' ;;
  *name*"-i 1"*) echo 'Tesla T4, 535.104.05' ;;
  *) exit 6 ;;
esac
`

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-cuda-'))
  writeFileSync(join(folder, 'nvidia-smi'), NVIDIA_SMI)
  chmodSync(join(folder, 'nvidia-smi'), 0o755)
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`)
  vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('CUDA_VISIBLE_DEVICES', () => {
  it.each([
    [undefined, undefined],
    ['', []],
    ['-1', []],
    ['NoDevFiles', []],
    ['2', ['2']],
    ['0, 3', ['0', '3']],
    ['1,-1,0', ['1']],
    ['GPU-1f7c,MIG-77', ['GPU-1f7c', 'MIG-77']],
  ])('%j shows %j, as CUDA reads it', (value, devices) => {
    expect(visibleDevices({ CUDA_VISIBLE_DEVICES: value })).toEqual(devices)
  })
})

describe('the devices of cuda', () => {
  it('are the GPUs of the machine, not their parts', async () => {
    expect(await cuda().deviceCount()).toBe(2)
    expect(await cuda().parseDevices?.('auto')).toEqual([0, 1])
    expect(await cuda().parseDevices?.([1])).toEqual([1])
  })

  it('are the visible ones, where these are named', async () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '1,0,GPU-9a3e')
    expect(await cuda().deviceCount()).toBe(3)
    expect(await cuda().parseDevices?.(-1)).toEqual([0, 1, 2])
    expect(await entryOf(2)).toBe('GPU-9a3e')
  })

  it('are refused beyond their number', async () => {
    await expect(cuda().parseDevices?.(3)).rejects.toThrow(/this machine has 2/)
    await expect(cuda().setup(2)).rejects.toThrow(/index of a GPU, from 0 to 1, found 2/)
    await expect(cuda().setup(-1)).rejects.toThrow(/from 0 to 1, found -1/)
  })

  it('are none where all are hidden', async () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '')
    expect(await cuda().deviceCount()).toBe(0)
    await expect(cuda().parseDevices?.('auto')).rejects.toThrow(/no device of this kind/)
    await expect(cuda().setup()).rejects.toThrow(/none, by CUDA_VISIBLE_DEVICES=''/)
  })

  it('are none without the driver', async () => {
    vi.stubEnv('PATH', '')
    expect(await cuda().deviceCount()).toBe(0)
  })

  it('have readings, but for those that a GPU lacks', async () => {
    expect(await readGpu('1')).toEqual({
      'gpu/percent': 37,
      'gpu/celsius': 61,
      'memory/deviceUsedBytes': 2 ** 30,
      'memory/deviceBytes': 15 * 2 ** 30,
    })
    expect(await describeGpu('1')).toBe('Tesla-T4/535.104.05')
    expect(await readGpu('7')).toEqual({})
  })
})
