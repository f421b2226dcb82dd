import type { Storage, WriteHandle } from '../src/storage.js'

type Fault = 'fails once' | 'fails for good' | 'stops'

/** A storage whose n-th change goes wrong. `stops`: neither it nor anything after it ever happens, as in a killed process. */
export function faulty(storage: Storage, at: number, fault: Fault): { storage: Storage; changes: () => number } {
  let changes = 0
  const change = async () => {
    changes++
    if (changes < at || (fault === 'fails once' && changes > at)) return
    if (fault === 'stops') await new Promise(() => {})
    throw new Error('no space left on device')
  }
  const changing = new Set(['makeFolder', 'create', 'replace', 'move', 'remove'])
  const proxy = new Proxy(storage, {
    get(target, property: keyof Storage & string) {
      const member = target[property]
      if (typeof member !== 'function') return member
      return async (...parameters: never[]) => {
        if (changing.has(property)) await change()
        const result: unknown = await (member as (...parameters: never[]) => unknown).apply(target, parameters)
        return property === 'create' ? faultyHandle(result as WriteHandle, change) : result
      }
    },
  })
  // `absolute` is the one synchronous method.
  const wrapped = Object.create(proxy, { absolute: { value: (path: string) => storage.absolute(path) } }) as Storage
  return { storage: wrapped, changes: () => changes }
}

function faultyHandle(handle: WriteHandle, change: () => Promise<void>): WriteHandle {
  return {
    write: (bytes) => change().then(() => handle.write(bytes)),
    close: () => change().then(() => handle.close()),
    abort: () => handle.abort(),
  }
}
