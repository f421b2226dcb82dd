// Makes 'single' known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { type SingleOptions, single } from './single.js'

register(single)

declare module '@levin/core' {
  interface StrategyRegistry {
    single: SingleOptions
  }
}
