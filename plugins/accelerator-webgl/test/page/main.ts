import { LevinError } from '@levin/core'
import { runSweep } from '@levin/op-sweep/run'
import { acceleratorCases } from '@levin/testing'
import { webgl } from '../../src/index.js'

const create = () => webgl()

/** By case: how it failed, or `passed`. */
async function conformance(): Promise<Record<string, string>> {
  const results: Record<string, string> = {}
  for (const { name, run } of acceleratorCases({ create, plugin: webgl }))
    results[name] = await run().then(
      () => 'passed',
      (error: unknown) => String(error),
    )
  return results
}

const sweep = (tolerance: { rtol: number; atol: number }) => runSweep({ create, tolerance })

export interface Loss {
  /** What listeners were told. */
  readonly reasons: readonly string[]
  /** Of a read that waited, of one after it, and of a kernel. */
  readonly codes: readonly string[]
  /** Of the same product before and after. */
  readonly sums: readonly number[]
}

/** What becomes of those who use a context that is taken away, and whether the accelerator computes again once it is regained. */
async function loseAndRegain(): Promise<Loss> {
  const { backend, matMul, square, tensor2d, tidy } = await import('@tensorflow/tfjs-core')
  const accelerator = create()
  await accelerator.setup()
  const reasons: string[] = []
  accelerator.onLost?.((reason) => void reasons.push(reason))
  // So large that tfjs does not compute it on the processor.
  const matrix = () =>
    tensor2d(
      Float32Array.from({ length: 4096 }, (_, at) => at % 7),
      [64, 64],
    )
  const product = () => tidy(() => matMul(matrix(), matrix()))
  const sum = async () => (await product().data<'float32'>()).reduce((a, b) => a + b)
  const before = await sum()
  const [waiting, late] = [product(), product()]
  const read = code(() => waiting.data())
  const { gl } = (backend() as unknown as { gpgpu: { gl: WebGL2RenderingContext } }).gpgpu
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  const codes = [await read, await code(() => late.data()), await code(() => tidy(() => square(late)))]
  await accelerator.regain?.()
  return { reasons, codes, sums: [before, await sum()] }
}

async function code(action: () => unknown): Promise<string> {
  try {
    await action()
    return 'none'
  } catch (error) {
    return LevinError.isInstance(error) ? error.code : String(error)
  }
}

Object.assign(globalThis, { page: { conformance, sweep, loseAndRegain, availability: () => webgl.availability?.() } })
