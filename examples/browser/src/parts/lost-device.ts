import { engine } from '@tensorflow/tfjs-core'

const CHANNEL = 'levin-lost-device'

/** In a worker: takes its GPU away when the page asks, as a driver that restarts would. */
export function loseDeviceWhenAsked(): void {
  new BroadcastChannel(CHANNEL).addEventListener('message', () => {
    const { device } = engine().backend as { device?: { destroy(): void } }
    device?.destroy()
  })
}

/** On a page: asks its workers for that. */
export function loseDevice(): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.postMessage('lose')
  channel.close()
}
