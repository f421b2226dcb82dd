import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { PartReceipt } from '@levin/core'
import { afterEach, describe, expect, it } from 'vitest'
import { diskCheckpoints } from '../src/node.js'
import type { RankCall } from './programs/rank.js'
import { randomNumbers, temporaryFolders } from './support.js'
import { builtProgram } from './support-programs.js'

const folder = temporaryFolders()
const io = diskCheckpoints()
const program = builtProgram('rank')
const thread = builtProgram('begun-in-a-thread')
const RANKS = 3
const KILLS = 12

/** Processes that save together. */
class Ranks {
  readonly #location: string
  readonly #children: readonly ChildProcess[] = Array.from({ length: RANKS }, () => fork(program(), { execArgv: [] }))

  readonly #exits: readonly Promise<unknown>[]

  constructor(location: string) {
    this.#location = location
    this.#exits = this.#children.map((child) => once(child, 'exit'))
  }

  async #ask(index: number, call: Partial<RankCall> & Pick<RankCall, 'call'>): Promise<unknown> {
    const child = this.#children[index] as ChildProcess
    const ended = this.#exits[index]?.then(() => ({ error: `rank ${index} has ended` }))
    const answered = once(child, 'message').then(([answer]) => answer as unknown)
    child.send({ location: this.#location, index, count: RANKS, ...call }, () => undefined)
    const answer = await Promise.race([answered, ended])
    const { value, error } = answer as { value?: unknown; error?: string }
    if (error !== undefined) throw new Error(error)
    return value
  }

  /** As the Trainer does it: when a rank fails, the first one abandons the save once all others have ended theirs. */
  async save(step: number): Promise<void> {
    const save = (await this.#ask(0, { call: 'begin', step })) as string
    const indices = this.#children.map((_, index) => index)
    const written = await Promise.allSettled(indices.map((index) => this.#ask(index, { call: 'write', step, save })))
    try {
      const receipts = written.map((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason
        return outcome.value as PartReceipt
      })
      await this.#ask(0, { call: 'complete', step, receipts })
    } catch (error) {
      await this.#ask(0, { call: 'abandon', save }).catch(() => undefined)
      throw error
    }
  }

  kill(index: number): void {
    this.#children[index]?.kill('SIGKILL')
  }

  async end(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(this.#exits)
  }
}

describe('processes that save together to one place, of which one is killed again and again', () => {
  let ranks: Ranks | undefined
  afterEach(() => ranks?.end())

  it(`leave the checkpoint that they had announced or the next one, whole, in each of ${KILLS} kills`, async () => {
    const root = await folder()
    const location = join(root, 'last.ckpt')
    const random = randomNumbers(3)
    let step = 0
    for (let kill = 0; kill < KILLS; kill++) {
      ranks = new Ranks(location)
      await ranks.save(++step)
      const victim = Math.floor(random() * RANKS)
      const timer = setTimeout(() => ranks?.kill(victim), random() * 40)
      while (
        await ranks.save(step + 1).then(
          () => true,
          () => false,
        )
      )
        step++
      clearTimeout(timer)
      // Where a process other than the first was killed, the others are alive: nothing half-written is left by them.
      if (victim !== 0) expect(await readdir(root)).toEqual(['last.ckpt'])
      await ranks.end()
      const { facts, model, optimizer } = await io.load(location)
      expect([step, step + 1]).toContain(facts.globalStep)
      step = facts.globalStep
      expect(await model.get('net.0.bias')?.data()).toEqual(Float32Array.of(step, -step))
      expect(new Set(await model.get('net.0.weight')?.data())).toEqual(new Set([step]))
      expect(await optimizer?.get('net.0.bias/mean')?.data()).toEqual(Float32Array.of(step / 2, 0))
    }
    await io.prepare(root)
    expect(await readdir(root)).toEqual(['last.ckpt'])
  }, 120_000)
})

describe.runIf(process.platform === 'linux')('a thread that has begun a save', () => {
  it('is left alone while it lives, and its leftovers are cleared once it was ended, by the same process too', async () => {
    const root = await folder()
    const worker = new Worker(thread(), { workerData: join(root, 'a') })
    await once(worker, 'message')
    await io.prepare(root)
    expect(await readdir(root)).toEqual([expect.stringMatching(/^a\.saving-/)])
    await worker.terminate()
    await io.prepare(root)
    expect(await readdir(root)).toEqual([])
  })
})
