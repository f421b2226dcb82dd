import { engine } from '@tensorflow/tfjs-core'

const CHANNEL = 'levin-lost-device'

/** Of tfjs's backends, by WebGPU and by WebGL. */
interface GpuBackend {
  readonly device?: { destroy(): void }
  readonly gpgpu?: { readonly gl: WebGL2RenderingContext }
}

/** In a worker: takes its GPU away when the page asks, as a driver that restarts would. */
export function loseDeviceWhenAsked(): void {
  new BroadcastChannel(CHANNEL).addEventListener('message', () => {
    const { device, gpgpu } = engine().backend as GpuBackend
    device?.destroy()
    gpgpu?.gl.getExtension('WEBGL_lose_context')?.loseContext()
  })
}

/** On a page: asks its workers for that. */
export function loseDevice(): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.postMessage('lose')
  channel.close()
}
