import { LevinError } from '@levin/core'
import { countGpus } from './nvidia-smi.js'
import { visibleDevices } from './visible-devices.js'

/** The index that this process has been set up with: CUDA reads which GPUs there are once. */
let indexOfProcess: number | undefined

/** Devices that a run may use: those that are visible, or all of the machine. */
export async function countVisibleGpus(): Promise<number> {
  return visibleDevices()?.length ?? (await countGpus()) ?? 0
}

/**
 * The entry of `CUDA_VISIBLE_DEVICES` that stands for device `index` of those that are visible.
 *
 * @throws LEVIN_BAD_OPTION where there is no such device
 */
export async function entryOf(index: number): Promise<string> {
  const visible = visibleDevices()
  const count = visible?.length ?? (await countGpus())
  const isIndex = Number.isInteger(index) && index >= 0
  // Without a list and without nvidia-smi nothing can be checked: TensorFlow itself will tell.
  if (isIndex && (count === undefined || index < count)) return visible?.[index] ?? String(index)
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: "The accelerator 'cuda' cannot be set up.",
    expected: count ? `the index of a GPU, from 0 to ${count - 1}` : 'a GPU that is visible',
    found: count === 0 ? sayNone(visible) : `${index}`,
  })
}

const sayNone = (visible: readonly string[] | undefined): string =>
  visible ? `none, by CUDA_VISIBLE_DEVICES='${process.env['CUDA_VISIBLE_DEVICES']}'` : 'none, by nvidia-smi -L'

/** @throws LEVIN_NOT_SUPPORTED where this process computes on another device already */
export function requireSameIndex(index: number): void {
  if (indexOfProcess === undefined || indexOfProcess === index) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `This process computes on GPU ${indexOfProcess}, and cannot change to GPU ${index}: CUDA is one GPU per process here.`,
    remedy: `Start one process per GPU: devices: 2 under launcher: 'process', or another program with devices: [${index}].`,
  })
}

export function rememberIndex(index: number): void {
  indexOfProcess = index
}
