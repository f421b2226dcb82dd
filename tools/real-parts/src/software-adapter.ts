/** SwiftShader, as it comes with Chromium. */
const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/**
 * Makes Dawn in Node find the software adapter of the part `chromium`. To be called before the first adapter is asked for:
 * the loader of Vulkan reads the environment once. A machine with a GPU that names its own driver there is tested on that.
 */
export function useSoftwareAdapter(): void {
  process.env['VK_ICD_FILENAMES'] ??= DRIVER
  process.env['XDG_RUNTIME_DIR'] ??= '/tmp'
}
