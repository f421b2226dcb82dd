import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { diskCheckpoints } from '../src/node.js'
import { contentOf, refusal, temporaryFolders } from './support.js'

const folder = temporaryFolders()
const io = diskCheckpoints()
const files = ['model.safetensors', 'optimizer.safetensors', 'trainer.json', 'manifest.json']

let location: string
beforeEach(async () => {
  location = join(await folder(), 'epoch=1')
  await io.save(location, contentOf(1))
})

describe.each(files)('a checkpoint whose %s', (name) => {
  const file = () => join(location, name)
  const error = () => refusal(io.load(location))

  it('is cut short is refused, and the file named', async () => {
    const size = (await readFile(file())).length
    for (const length of [0, 1, size >> 1, size - 1]) {
      await truncate(file(), length)
      expect(await error()).toMatchObject({ code: 'LEVIN_CHECKPOINT_CORRUPT', message: expect.stringContaining(name) })
    }
  })

  it('has one bit changed is refused, wherever that is', async () => {
    const bytes = await readFile(file())
    for (let at = 0; at < bytes.length - 1; at += 7) {
      const changed = Buffer.from(bytes)
      changed[at] = (bytes[at] as number) ^ 1
      await writeFile(file(), changed)
      expect((await error()).code).toMatch(/^LEVIN_CHECKPOINT_(CORRUPT|VERSION)$/)
    }
  })

  it('has more behind it is refused', async () => {
    await writeFile(file(), Buffer.concat([await readFile(file()), Buffer.from('more')]))
    expect(await error()).toMatchObject({ code: 'LEVIN_CHECKPOINT_CORRUPT', message: expect.stringContaining(name) })
  })

  it('is missing is refused', async () => {
    await rm(file())
    expect(await error()).toMatchObject({
      code: 'LEVIN_CHECKPOINT_CORRUPT',
      message: expect.stringMatching(new RegExp(`${name}.* is missing`)),
    })
  })

  it('is that of another checkpoint is refused', async () => {
    const other = join(await folder(), 'other')
    await io.save(other, contentOf(2))
    const bytes = await readFile(join(other, name))
    await writeFile(file(), bytes)
    expect((await error()).code).toBe('LEVIN_CHECKPOINT_CORRUPT')
  })
})

it('of a format that is not known yet is refused with both versions', async () => {
  const file = join(location, 'manifest.json')
  const manifest = JSON.parse(await readFile(file, 'utf8')) as object
  await writeFile(file, JSON.stringify({ ...manifest, version: 3 }))
  const error = await refusal(io.load(location))
  expect(error.code).toBe('LEVIN_CHECKPOINT_VERSION')
  expect(error.message).toMatch(/manifest\.json.*version 1 or 2.*version 3/)
})

it('a folder of something else is no checkpoint', async () => {
  const elsewhere = await folder()
  await writeFile(join(elsewhere, 'notes.txt'), 'notes')
  expect((await refusal(io.load(elsewhere))).code).toBe('LEVIN_CHECKPOINT_NOT_FOUND')
  expect((await refusal(io.load(join(location, 'deeper')))).code).toBe('LEVIN_CHECKPOINT_NOT_FOUND')
})

it('a place below a file cannot be prepared or saved to, and the error says what to do', async () => {
  const below = join(location, 'manifest.json', 'deeper')
  for (const action of [() => io.prepare(below), () => io.save(below, contentOf(2))]) {
    expect(await refusal(action())).toMatchObject({
      code: 'LEVIN_FILES',
      message: expect.stringContaining(join(location, 'manifest.json')),
      remedy: expect.stringContaining('choose another folder'),
    })
  }
})

it('a manifest of another program is refused', async () => {
  await writeFile(join(location, 'manifest.json'), JSON.stringify({ name: 'app', version: 1 }))
  expect((await refusal(io.load(location))).message).toContain("no manifest of format 'levin-checkpoint'")
})
