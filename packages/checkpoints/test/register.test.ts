import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fromRecipe, pickAvailable, recipeOf, resolve } from '@levin/core'
import { describe, expect, it } from 'vitest'
import { portableHash, sha256 } from '../src/sha256.js'
import '../src/register.js'

describe('the registered checkpoint I/O', () => {
  it('in Node is the disk, and can be made again from its recipe', async () => {
    const io = await pickAvailable('checkpointIO')
    expect(io?.name).toBe('disk')
    expect(recipeOf(io as object)).toEqual({ kind: 'checkpointIO', name: 'disk', options: {} })
    expect(fromRecipe({ kind: 'checkpointIO', name: 'disk', options: {} }).name).toBe('disk')
  })

  it('refuses options that it does not have', () => {
    expect(() => resolve('checkpointIO', ['disk', { folder: '/' }] as never)).toThrow(/folder/)
  })
})

describe('what runs in browsers', () => {
  it('imports nothing of Node, not even in the files for Node', () => {
    const source = fileURLToPath(new URL('../src/', import.meta.url))
    const files = readdirSync(source, { recursive: true }).filter((path) => `${path}`.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(20)
    for (const path of files) expect(readFileSync(`${source}${path}`, 'utf8')).not.toMatch(/from 'node:|import 'node:/)
  })

  it('hashes as Node does', () => {
    const hashes = [portableHash(), sha256()]
    for (let size = 0; size < 200; size += 17) for (const hash of hashes) hash.update(new Uint8Array(size).fill(size))
    const [ours, theirs] = hashes.map((hash) => hash.digest())
    expect(ours).toBe(theirs)
    const empty = portableHash()
    empty.update(new Uint8Array(0))
    expect(empty.digest()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })
})
