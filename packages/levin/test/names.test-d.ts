import { test } from 'vitest'
import { Trainer } from '../src/index.js'

test('the names that the batteries register are known to the compiler', () => {
  new Trainer({ accelerator: 'cpu', strategy: 'single', loggers: ['csv', 'console'], checkpointIO: 'disk' })
  new Trainer({ loggers: [['csv', { name: 'digits' }]] })
  new Trainer({ callbacks: ['progressBar', ['earlyStopping', { monitor: 'val/loss' }]] })
  // @ts-expect-error an option that it needs
  new Trainer({ callbacks: ['earlyStopping'] })
  // @ts-expect-error nobody registers it
  new Trainer({ accelerator: 'webgpuu' })
  // @ts-expect-error an option that the logger lacks
  new Trainer({ loggers: [['csv', { nmae: 'digits' }]] })
})
