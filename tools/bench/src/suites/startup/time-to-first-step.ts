import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Command } from '../../contender-process.js'
import { root } from '../../root.js'

/** Milliseconds from the start of a program to its line `@stepped`. */
export function timeToFirstStep({ program, args, environment }: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(program, [...args], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let milliseconds: number | undefined
    let complaints = ''
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('@stepped')) milliseconds = performance.now() - start
    })
    child.stderr.on('data', (text) => {
      complaints += text
    })
    child.on('error', reject)
    // Not earlier: its end must not take time from the next.
    child.on('close', () => {
      if (milliseconds !== undefined) return resolve(milliseconds)
      reject(new Error(`${[program, ...args].join(' ')} took no step:\n${complaints}`))
    })
  })
}
