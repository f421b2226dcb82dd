import { execFile } from 'node:child_process'

/** Milliseconds. Without the persistence daemon the driver starts anew at each call, which takes a second per GPU. */
const TIMEOUT = 20_000

/** What NVIDIA's own tool prints; `undefined` where it is absent or fails. */
function nvidiaSmi(...args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('nvidia-smi', args, { timeout: TIMEOUT }, (error, output) => resolve(error ? undefined : output))
  })
}

/** GPUs of this machine, whatever is visible; `undefined` without the tool. */
export async function countGpus(): Promise<number | undefined> {
  const output = await nvidiaSmi('-L')
  return output?.split('\n').filter((line) => /^GPU \d+:/.test(line)).length
}

/** Query of the tool, name of the reading, and what turns the tool's unit into it. */
const READINGS = [
  { query: 'utilization.gpu', name: 'gpu/percent', factor: 1 },
  { query: 'temperature.gpu', name: 'gpu/celsius', factor: 1 },
  { query: 'power.draw', name: 'gpu/watts', factor: 1 },
  { query: 'memory.used', name: 'memory/deviceUsedBytes', factor: 2 ** 20 },
  { query: 'memory.total', name: 'memory/deviceBytes', factor: 2 ** 20 },
] as const

/** Readings of a GPU by its index or UUID; those that it does not have are left out. */
export async function readGpu(gpu: string): Promise<Record<string, number>> {
  const query = `--query-gpu=${READINGS.map((reading) => reading.query).join(',')}`
  const output = await nvidiaSmi(query, '--format=csv,noheader,nounits', '-i', gpu)
  const values = (output ?? '')
    .trim()
    .split(',')
    .map((text) => Number.parseFloat(text))
  const known = READINGS.map(({ name, factor }, index) => [name, (values[index] ?? Number.NaN) * factor] as const)
  return Object.fromEntries(known.filter(([, value]) => Number.isFinite(value)))
}

/** Its name and the driver's version, as the fingerprint says them; `undefined` without the tool. */
export async function describeGpu(gpu: string): Promise<string | undefined> {
  const output = await nvidiaSmi('--query-gpu=name,driver_version', '--format=csv,noheader', '-i', gpu)
  return output?.trim().replaceAll(', ', '/').replaceAll(' ', '-')
}
