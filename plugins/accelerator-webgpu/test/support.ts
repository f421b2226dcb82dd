import { requirePart } from '@levin/real-parts'

const ICD = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** Whether there is an adapter to test on: SwiftShader, the software one that comes with Chromium. Makes Dawn find it. */
export function hasAdapter(): boolean {
  if (!requirePart('chromium')) return false
  // Read when Dawn loads Vulkan. A machine with a GPU that names its own driver here is tested on that.
  process.env['VK_ICD_FILENAMES'] ??= ICD
  process.env['XDG_RUNTIME_DIR'] ??= '/tmp'
  return true
}
