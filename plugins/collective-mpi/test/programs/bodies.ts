import { LevinError, type ProcessGroup } from '@levin/core'

type Body = (group: ProcessGroup) => Promise<void>

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

async function codeOf(run: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await run()
  } catch (error) {
    if (LevinError.isInstance(error)) return { code: error.code, message: error.message }
    throw error
  }
  return { code: 'none', message: '' }
}

/** What is particular to MPI. */
export const mpiBodies: Readonly<Record<string, Body>> = {
  'a message that does not fit is refused, and the next one is found': async (group) => {
    if (group.size === 1) return
    if (group.rank === 0) {
      await group.asynchronous.send(new Float32Array(70_000), 1)
      await group.asynchronous.send(new Int32Array(3), 1)
      await group.asynchronous.send(Float32Array.of(1, 2, 3), 1)
    }
    if (group.rank === 1) {
      const target = new Float32Array(3)
      for (const what of ['length', 'type']) {
        const { code } = await codeOf(() => group.asynchronous.receive(target, 0))
        expect(code === 'LEVIN_SHAPE', `A message of another ${what} gave ${code}.`)
      }
      await group.asynchronous.receive(target, 0)
      expect(`${target}` === '1,2,3', `received ${target}`)
    }
    await group.asynchronous.barrier()
  },
  'a heap that grew before an operation began is refused': async (group) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 })
    const view = new Float32Array(memory.buffer, 0, 8)
    memory.grow(1)
    const { code, message } = await codeOf(() => group.asynchronous.allReduce(view, 'sum'))
    expect(code === 'LEVIN_SHAPE' && message.includes('memory grew'), `gave ${code}: ${message}`)
    await group.asynchronous.barrier()
  },
  'traps of WebAssembly are still exceptions': async (group) => {
    await group.asynchronous.barrier()
    // Loads a word from where there is none: V8 learns of it by a signal, for which MPI has a handler too.
    const bytes = [
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0],
      ...[10, 13, 1, 11, 0, 65, 128, 128, 252, 255, 7, 40, 2, 0, 11],
    ]
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)))
    let trapped = false
    try {
      ;(exports['f'] as () => number)()
    } catch (error) {
      trapped = error instanceof WebAssembly.RuntimeError
    }
    expect(trapped, 'There was no exception.')
  },
}
