import { expectTypeOf, test } from 'vitest'
import {
  type Accelerator,
  type AnyPlugin,
  type Choice,
  CurrentBackend,
  definePlugin,
  resolve,
  SingleDevice,
  type Strategy,
} from '../src/index.js'

interface Precision {
  readonly dtype: 'float32' | 'bfloat16'
}
interface PrecisionRegistry {}

declare module '../src/plugin-kinds.js' {
  interface PluginKinds {
    precision: { instance: Precision; registry: PrecisionRegistry }
  }
}

const webgpu = definePlugin({
  kind: 'accelerator',
  name: 'webgpu',
  apiVersion: 1,
  create: (_options: { lowPower?: boolean }): Accelerator => new CurrentBackend(),
})
const pipeline = definePlugin({
  kind: 'strategy',
  name: 'pipeline',
  apiVersion: 1,
  create: (_options: { stages: number }): Strategy => new SingleDevice(),
})
const bf16 = definePlugin({
  kind: 'precision',
  name: 'bf16-mixed',
  apiVersion: 1,
  create: (): Precision => ({ dtype: 'bfloat16' }),
})

test('names and options come from the listed plugins', () => {
  expectTypeOf(resolve('accelerator', 'webgpu', [webgpu])).toEqualTypeOf<Accelerator | undefined>()
  resolve('accelerator', ['webgpu', { lowPower: true }], [webgpu, pipeline])
  resolve('strategy', ['pipeline', { stages: 4 }], [webgpu, pipeline])
  // @ts-expect-error neither listed nor registered
  resolve('accelerator', 'webgpu')
  // @ts-expect-error a strategy is no accelerator
  resolve('accelerator', 'pipeline', [webgpu, pipeline])
  // @ts-expect-error a required option: the bare name is not enough
  resolve('strategy', 'pipeline', [pipeline])
  // @ts-expect-error an unknown option
  resolve('accelerator', ['webgpu', { lowPwr: true }], [webgpu])
  // @ts-expect-error required options
  pipeline()
})

test('a list known only at run time allows any name', () => {
  const fromConfig: readonly AnyPlugin[] = [webgpu]
  const name: string = 'webgpu'
  resolve('accelerator', name, fromConfig)
})

test('a plugin of another contract version does not compile', () => {
  definePlugin({
    kind: 'accelerator',
    name: 'future',
    // @ts-expect-error version 2 of the contract
    apiVersion: 2,
    create: (): Accelerator => new CurrentBackend(),
  })
})

test('a third party opens a kind of its own', () => {
  expectTypeOf(resolve('precision', 'bf16-mixed', [bf16])).toEqualTypeOf<Precision | undefined>()
  const choice: Choice<'precision', [typeof bf16]> = ['bf16-mixed', {}]
  resolve('precision', choice, [bf16])
  // @ts-expect-error no such precision
  resolve('precision', 'fp8', [bf16])
})
