import { describe, expect, it, vi } from 'vitest'
import { checkpointIO, memoryStorage } from '../src/index.js'
import { contentOf, refusal } from './support.js'
import { faulty } from './support-faults.js'

/** How many changes the medium sees in a save over another one. */
async function changesOfSave(): Promise<number> {
  const memory = memoryStorage()
  await checkpointIO(memory).save('r/a', contentOf(1))
  const { storage, changes } = faulty(memory, Number.POSITIVE_INFINITY, 'fails once')
  await checkpointIO(storage).save('r/a', contentOf(2))
  return changes()
}

describe.each(['fails once', 'fails for good'] as const)('a medium that %s, at any moment of a save', (fault) => {
  it('leaves the old checkpoint or the new one, and says why where the save failed', async () => {
    const total = await changesOfSave()
    expect(total).toBeGreaterThan(15)
    const outcomes = new Set<string>()
    for (let at = 1; at <= total; at++) {
      const memory = memoryStorage()
      await checkpointIO(memory).save('r/a', contentOf(1))
      const { storage } = faulty(memory, at, fault)
      const error = await checkpointIO(storage)
        .save('r/a', contentOf(2))
        .then(
          () => undefined,
          (reason: unknown) => reason,
        )
      if (error)
        expect(error).toMatchObject({ code: 'LEVIN_FILES', message: expect.stringMatching(/'r\/a'.*no space left/) })
      const { facts, model } = await checkpointIO(memory).load('r/a')
      expect(await model.get('net.0.bias')?.data()).toEqual(Float32Array.of(facts.globalStep, -facts.globalStep))
      // A save that resolved is there; only taking the old one away may have failed.
      if (!error) expect(facts.globalStep).toBe(2)
      outcomes.add(`${error ? 'failed' : 'saved'} ${facts.globalStep}`)
    }
    // A medium that is gone for good may take the announcement with it, though not the checkpoint.
    expect([...outcomes].filter((outcome) => outcome !== 'failed 2').sort()).toEqual(['failed 1', 'saved 2'])
    if (fault === 'fails once') expect(outcomes).not.toContain('failed 2')
  })

  it('leaves nothing of a first save that failed', async () => {
    for (let at = 1; at <= 8; at++) {
      const memory = memoryStorage()
      const { storage } = faulty(memory, at, 'fails once')
      expect((await refusal(checkpointIO(storage).save('r/a', contentOf(1)))).code).toBe('LEVIN_FILES')
      expect(await checkpointIO(memory).exists('r/a')).toBe(false)
      expect(await memory.list('r')).toEqual([])
    }
  })
})

it('a process that is killed at any moment of a save leaves the old checkpoint or the new one, and a clean folder to the next', async () => {
  const total = await changesOfSave()
  const outcomes = new Set<number>()
  for (let at = 1; at <= total; at++) {
    const memory = Object.assign(memoryStorage(), { hasEnded: () => true })
    await checkpointIO(memory).save('r/a', contentOf(1))
    const { storage, changes } = faulty(memory, at, 'stops')
    void checkpointIO(storage).save('r/a', contentOf(2))
    await vi.waitUntil(() => changes() === at, { interval: 1 })
    // The next process knows nothing of what this one was doing.
    vi.resetModules()
    const next = (await import('../src/index.js')).checkpointIO(memory)
    const { globalStep } = (await next.load('r/a')).facts
    expect([1, 2]).toContain(globalStep)
    outcomes.add(globalStep)
    await next.prepare('r')
    expect(await memory.list('r')).toEqual(['a'])
    expect((await next.load('r/a')).facts.globalStep).toBe(globalStep)
  }
  expect([...outcomes]).toEqual([1, 2])
})

it('a folder that cannot be written is found by prepare, before any training', async () => {
  for (const at of [1, 2]) {
    const { storage } = faulty(memoryStorage(), at, 'fails for good')
    const error = await refusal(checkpointIO(storage).prepare('runs/1'))
    expect(error).toMatchObject({ code: 'LEVIN_FILES', message: expect.stringMatching(/'runs\/1'.*no space left/) })
  }
})

it('values that cannot be read end the save, and the old checkpoint stays', async () => {
  const io = checkpointIO(memoryStorage())
  await io.save('r/a', contentOf(1))
  const lost = {
    name: 'w',
    dtype: 'float32' as const,
    shape: [1],
    data: () => Promise.reject(new Error('device lost')),
  }
  await expect(io.save('r/a', { ...contentOf(2), model: [lost] })).rejects.toThrow(/device lost/)
  expect((await io.load('r/a')).facts.globalStep).toBe(1)
})
