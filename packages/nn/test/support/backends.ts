import '@levin/kernels/register'
import '@tensorflow/tfjs-backend-cpu'
import { getBackend, setBackend } from '@tensorflow/tfjs-core'

/** tfjs's reference implementation, and the backend that training runs on, with our kernels. */
export const BACKENDS = ['cpu', 'wasm'] as const

/** tfjs falls back without an error. */
export async function useBackend(name: (typeof BACKENDS)[number]): Promise<void> {
  if (!(await setBackend(name)) || getBackend() !== name) throw new Error(`The ${name} backend does not start.`)
}
