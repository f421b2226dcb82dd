import type { Availability } from '@levin/core'

const REMEDY = "Use accelerator: 'webgpu', or 'cpu'."

/** Whether WebGL 2 with 32-bit floats is there. A GPU that the processor plays is taken by name only. */
export function webglAvailability(): Availability {
  const context = createContext()
  if (context === undefined)
    return { ok: false, reason: 'there is no WebGL 2 here; browsers have it, Node has not', remedy: REMEDY }
  try {
    if (context.getExtension('EXT_color_buffer_float') === null)
      return { ok: false, reason: 'the GPU computes with 16-bit floats only, too rough to train with', remedy: REMEDY }
    const detail = rendererOf(context)
    return /swiftshader|llvmpipe|software/i.test(detail) ? { ok: true, detail, automatic: false } : { ok: true, detail }
  } finally {
    // Browsers keep sixteen of them, and take the oldest away.
    context.getExtension('WEBGL_lose_context')?.loseContext()
  }
}

/** What the driver calls itself. */
function rendererOf(context: WebGL2RenderingContext): string {
  const extension = context.getExtension('WEBGL_debug_renderer_info')
  return String(context.getParameter(extension ? extension.UNMASKED_RENDERER_WEBGL : context.RENDERER))
}

function createContext(): WebGL2RenderingContext | undefined {
  try {
    const canvas =
      typeof OffscreenCanvas === 'undefined' ? globalThis.document?.createElement('canvas') : new OffscreenCanvas(1, 1)
    return (canvas?.getContext('webgl2') as WebGL2RenderingContext | null) ?? undefined
  } catch {
    return undefined
  }
}
