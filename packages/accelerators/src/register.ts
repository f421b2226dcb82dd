// Makes 'cpu' and 'tfjs-cpu' known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { type CpuOptions, cpu } from './cpu.js'
import { type TfjsCpuOptions, tfjsCpu } from './tfjs-cpu.js'

register(cpu)
register(tfjsCpu)

declare module '@levin/core' {
  interface AcceleratorRegistry {
    cpu: CpuOptions
    'tfjs-cpu': TfjsCpuOptions
  }
}
