import type { KernelContracts, KernelName } from '@levin/ops'
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'

/** A kernel of ours as a function of what its contract says. */
export type KernelBody<N extends KernelName> = (
  backend: LevinBackend,
  inputs: KernelContracts[N]['inputs'],
  attrs: KernelContracts[N]['attrs'],
) => TensorInfo | TensorInfo[]

/** A kernel in the form in which tfjs registers it. */
export function kernel<N extends KernelName>(kernelName: N, body: KernelBody<N>): KernelConfig {
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) =>
    body(
      backend as LevinBackend,
      inputs as unknown as KernelContracts[N]['inputs'],
      attrs as unknown as KernelContracts[N]['attrs'],
    )
  return { kernelName, backendName: BACKEND, kernelFunc }
}
