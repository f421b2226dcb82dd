import { readWeights, weightsBlob } from '@levin/checkpoints'
import { indexedDb, indexedDbStorage } from '@levin/checkpoints/indexeddb'
import { opfs, opfsStorage } from '@levin/checkpoints/opfs'
import { LevinError } from '@levin/core'
import { worker } from '@levin/distributed'
import { type RunEvent, Trainer } from '@levin/trainer'

const STORAGES = {
  opfs: { io: () => opfs(), storage: () => opfsStorage() },
  indexeddb: { io: () => indexedDb(), storage: () => indexedDbStorage() },
} as const

type StorageName = keyof typeof STORAGES

/** How many workers were started, and are not terminated. */
let alive = 0

const start = () => {
  const started = new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' })
  alive++
  const terminate = started.terminate.bind(started)
  let ended = false
  started.terminate = () => {
    if (!ended) alive--
    ended = true
    terminate()
  }
  return started
}

interface Request {
  readonly devices?: number
  readonly hparams?: Record<string, unknown>
  /** Aborts at the first progress from that step on. */
  readonly abortAt?: number
  readonly ckptPath?: string
  readonly rootDir?: string
  readonly storage?: StorageName
  /** Loads the page again when a checkpoint of that step or a later one was saved. */
  readonly reloadAt?: number
}

const told = (error: unknown) =>
  error instanceof Error
    ? {
        name: error.name,
        message: error.message,
        code: (error as { code?: unknown }).code,
        isLevin: LevinError.isInstance(error),
        remedy: LevinError.isInstance(error) ? error.remedy : undefined,
      }
    : { message: String(error) }

/** Trains in workers, and says what came of it, what was heard meanwhile, and how free this thread was. */
async function train({
  devices = 1,
  hparams = {},
  abortAt,
  ckptPath,
  rootDir = 'runs',
  storage = 'opfs',
  reloadAt,
}: Request = {}) {
  const events: RunEvent[] = []
  const stopping = new AbortController()
  const trainer = new Trainer({
    launcher: worker(),
    devices,
    defaultRootDir: rootDir,
    checkpointIO: STORAGES[storage].io(),
  })
  const frames = watchFrames()
  const result = await trainer
    .fit(start, {
      hparams,
      signal: stopping.signal,
      onEvent: (event) => {
        events.push(event)
        if (event.type === 'checkpoint' && event.globalStep >= (reloadAt ?? Infinity)) location.reload()
        if (abortAt !== undefined && event.type === 'progress' && event.clock.globalStep >= abortAt)
          stopping.abort('enough')
      },
      ...(ckptPath === undefined ? {} : { ckptPath }),
    })
    .catch((error: unknown) => ({ error: told(error) }))
  return { result, events, alive, isolated: crossOriginIsolated, ...frames() }
}

/** Milliseconds between frames that a user sees, and between ticks of a timer. */
function watchFrames(): () => { longestFrame: number; longestTick: number; frames: number } {
  let [frames, longestFrame, longestTick] = [0, 0, 0]
  let [lastFrame, lastTick] = [performance.now(), performance.now()]
  let going = true
  const frame = (): void => {
    const now = performance.now()
    longestFrame = Math.max(longestFrame, now - lastFrame)
    lastFrame = now
    frames++
    if (going) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  const timer = setInterval(() => {
    longestTick = Math.max(longestTick, performance.now() - lastTick)
    lastTick = performance.now()
  }, 5)
  return () => {
    going = false
    clearInterval(timer)
    return { longestFrame, longestTick, frames }
  }
}

/** SHA-256 of every tensor of a checkpoint's weights. */
async function digests(location: string, storage: StorageName = 'opfs'): Promise<Record<string, string>> {
  const weights = await readWeights(location, { storage: STORAGES[storage].storage() })
  const entries = [...weights].map(async ([name, record]) => {
    const { buffer, byteOffset, byteLength } = await record.data()
    const hash = await crypto.subtle.digest('SHA-256', new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength))
    return [name, [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Downloads the weights of a checkpoint, as a user's click would. */
async function download(location: string): Promise<void> {
  const weights = await readWeights(location, { storage: opfsStorage() })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await weightsBlob(weights.values(), { metadata: { from: location } }))
  link.download = 'spirals.safetensors'
  link.click()
}

/** Starts whatever `how` says instead of a worker, and gives the error. */
const HOWS = {
  missing: () => new Worker('/nowhere.js', { type: 'module' }),
  broken: () => new Worker(URL.createObjectURL(new Blob(['throw new Error("broken")'], { type: 'text/javascript' }))),
  nothing: () => undefined as never,
  again: (() => {
    const one = () => start()
    let kept: Worker | undefined
    return () => (kept ??= one())
  })(),
}

async function fail(how: keyof typeof HOWS, devices = 1) {
  const trainer = new Trainer({ launcher: worker(), devices })
  return trainer.fit(HOWS[how]).then(() => undefined, told)
}

/** A run module's URL, which a browser has nothing to make of. */
const byUrl = () =>
  new Trainer({ launcher: worker() }).fit(new URL('/run.js', location.href)).then(() => undefined, told)

Object.assign(globalThis, { page: { train, fail, byUrl, digests, download } })
