import { ratios } from '../../conclude.js'
import { node24, nodePeer } from '../../node-peer.js'
import { type ProcessContender, processContenders } from '../../process-contender.js'
import type { Suite, SuiteOptions, Work } from '../../suite.js'
import { amountOf, KERNEL_WORKS, type Kernel, type KernelWork, smaller } from './kernels.js'

const peer = (name: string): URL => new URL(`../../peers/kernels/${name}`, import.meta.url)

/** Without OpenBLAS: it is what npm alone brings that is compared with what npm alone brings. */
const ENVIRONMENT = { LEVIN_BLAS: 'off' }

function contendersOf(kernel: Kernel): readonly ProcessContender[] {
  const args = [JSON.stringify(kernel)]
  const ours = [
    { name: 'levin', command: () => nodePeer({ script: peer('levin.ts'), args, environment: ENVIRONMENT }) },
    { name: 'tfjs-stock', command: () => nodePeer({ script: peer('tfjs.ts'), args }) },
  ]
  if (kernel.kind === 'adam') return ours
  const jax = async () => nodePeer({ script: peer('jax.ts'), args, node: await node24() })
  return [...ours, { name: 'jax-js', command: jax }]
}

function workOf({ name, kernel }: KernelWork, { quick, say }: SuiteOptions): Work {
  const { unit, perCall } = amountOf(kernel)
  return {
    name,
    unit,
    contenders: processContenders(contendersOf(kernel), {
      checkStep: 1,
      quick,
      say,
      toValue: (callsPerSecond) => (callsPerSecond * perCall) / 1e9,
    }),
    conclude: (measured) => ratios(name, 'levin', measured, 'more'),
  }
}

export const suite: Suite = {
  what: 'single kernels, without OpenBLAS, beside the ops of stock tfjs and of jax-js; one thread',
  works: (options) => (options.quick ? KERNEL_WORKS.map(smaller) : KERNEL_WORKS).map((work) => workOf(work, options)),
}
