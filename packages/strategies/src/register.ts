// Makes the strategies known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { type DdpOptions, ddp } from './ddp.js'
import { type SingleOptions, single } from './single.js'
import { type ZeroOptions, zero } from './zero.js'

register(ddp)
register(single)
register(zero)

declare module '@levin/core' {
  interface StrategyRegistry {
    ddp: DdpOptions
    single: SingleOptions
    zero: ZeroOptions
  }
}
