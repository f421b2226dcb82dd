import { afterEach, describe, expect, test, vi } from 'vitest'
import { currentPlatform } from '../src/index.js'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

/** Whether what waits in the event loop has had its turn when the promise resolves. */
async function letsThrough(nextTurn: () => Promise<void>): Promise<boolean> {
  let ran = false
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    ran = true
  }
  port2.postMessage('from outside')
  // A message takes a turn to arrive.
  for (let i = 0; i < 10 && !ran; i++) await nextTurn()
  port1.close()
  return ran
}

describe('the next turn of the event loop', () => {
  test('lets through what a resolved promise keeps out', async () => {
    expect(await letsThrough(currentPlatform().nextTurn)).toBe(true)
    expect(await letsThrough(() => Promise.resolve())).toBe(false)
  })

  test('comes by messages where there is no setImmediate, in order', async () => {
    const ports: MessagePort[] = []
    class Watched extends MessageChannel {
      constructor() {
        super()
        ports.push(this.port1, this.port2)
      }
    }
    vi.stubGlobal('setImmediate', undefined)
    vi.stubGlobal('MessageChannel', Watched)
    const { nextTurn } = await import('../src/platform/next-turn.js')
    const order: number[] = []
    const turns = [0, 1, 2].map((i) => nextTurn().then(() => order.push(i)))
    await Promise.resolve()
    expect(order).toEqual([])
    await Promise.all(turns)
    expect(order).toEqual([0, 1, 2])
    for (const port of ports) port.close()
  })
})
