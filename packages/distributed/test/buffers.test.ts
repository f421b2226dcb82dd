import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { transferable } from '../src/launchers/buffers.js'

/** Posts a message through a channel, and gives what arrives. */
function posted(message: unknown): unknown {
  const { port1, port2 } = new MessageChannel()
  try {
    port1.postMessage(message, [...transferable(message)])
    return receiveMessageOnPort(port2)?.message
  } finally {
    port1.close()
  }
}

describe('what a rank comes to', () => {
  test('goes to the launcher with its buffers, which are not copied', () => {
    const data = Float32Array.of(1, 2, 3)
    expect(posted({ predictions: [[{ data }]] })).toEqual({ predictions: [[{ data: Float32Array.of(1, 2, 3) }]] })
    expect(data).toHaveLength(0)
  })

  test('once, however often a buffer is in it', () => {
    const data = Int32Array.of(4)
    expect(posted([data, data])).toEqual([Int32Array.of(4), Int32Array.of(4)])
  })

  test('leaves the rest of a buffer to whoever has it', () => {
    const all = Float32Array.of(1, 2, 3)
    expect(posted([all.subarray(1)])).toEqual([Float32Array.of(2, 3)])
    expect(all).toEqual(Float32Array.of(1, 2, 3))
  })

  test('is copied where a buffer cannot go, such as a heap of WebAssembly', () => {
    const heap = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer)
    const data = Float32Array.of(5)
    expect(posted([data, heap])).toEqual([Float32Array.of(5), heap])
    expect([data.length, heap.length]).toEqual([0, 65_536])
  })
})
