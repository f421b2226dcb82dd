import type { GpuSource, NoGpu } from './gpu-source.js'

// Why there is none, loaded where there is none.

export function noBrowserGpu(): NoGpu {
  if ((globalThis as { isSecureContext?: boolean }).isSecureContext === false) {
    return {
      reason: 'this page was not loaded securely, and browsers have navigator.gpu on secure pages only.',
      remedy: 'Serve it over https, or from localhost.',
    }
  }
  return {
    reason: 'this browser has no navigator.gpu.',
    remedy: "Use a browser with WebGPU (Chrome 113, Safari 26, Firefox 141 or later), or choose accelerator: 'cpu'.",
  }
}

export function noAdapter({ names }: GpuSource): NoGpu {
  return {
    reason: 'WebGPU is there, and finds no adapter.',
    remedy: names
      ? 'Install the driver of the GPU: on Linux libvulkan1 and the driver for Vulkan that belongs to it (vulkaninfo lists ' +
        'what is there); in a container hand the GPU in.'
      : "Update the driver of the GPU, turn on hardware acceleration in the browser's settings, or choose accelerator: 'cpu'.",
  }
}
