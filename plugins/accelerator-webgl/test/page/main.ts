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

/** Whether a listener hears of a context that is taken away, and the accelerator computes again once it is regained. */
async function loseAndRegain(): Promise<{ readonly reasons: readonly string[]; readonly sum: readonly number[] }> {
  const { backend, sum, tensor1d } = await import('@tensorflow/tfjs-core')
  const accelerator = create()
  await accelerator.setup()
  const reasons: string[] = []
  const lost = new Promise<void>((resolve) => {
    accelerator.onLost?.((reason) => {
      reasons.push(reason)
      resolve()
    })
  })
  const { gl } = (backend() as unknown as { gpgpu: { gl: WebGL2RenderingContext } }).gpgpu
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  await lost
  await accelerator.regain?.()
  return { reasons, sum: [...(await sum(tensor1d([1, 2, 3])).data())] }
}

Object.assign(globalThis, { page: { conformance, sweep, loseAndRegain, availability: () => webgl.availability?.() } })
