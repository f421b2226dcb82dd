import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { diskCheckpoints } from '../src/node.js'
import { randomNumbers, temporaryFolders } from './support.js'
import { builtProgram } from './support-programs.js'

const folder = temporaryFolders()
const io = diskCheckpoints()
const KILLS = 10

const program = builtProgram('saver')

/** Lets the program save for a while, kills it without warning, and returns the last step that it said it had saved. */
async function saveAndKill(location: string, first: number, milliseconds: number): Promise<number> {
  const child = spawn(process.execPath, [program(), location, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  let last = first - 1
  let killing = false
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (killing) continue
    killing = true
    setTimeout(() => child.kill('SIGKILL'), milliseconds)
  }
  await exit
  return last
}

describe('a process that is killed again and again while it saves to one place', () => {
  it(`leaves the checkpoint it had announced or the next one, whole, in each of ${KILLS} kills`, async () => {
    const root = await folder()
    const location = join(root, 'last.ckpt')
    const random = randomNumbers(7)
    let step = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const announced = await saveAndKill(location, step + 1, random() * 25)
      const { facts, model } = await io.load(location)
      expect([announced, announced + 1]).toContain(facts.globalStep)
      expect(await model.get('net.0.bias')?.data()).toEqual(Float32Array.of(facts.globalStep, -facts.globalStep))
      step = facts.globalStep
    }
    await io.prepare(root)
    expect(await readdir(root)).toEqual(['last.ckpt'])
    expect((await io.load(location)).facts.globalStep).toBe(step)
  }, 120_000)
})
