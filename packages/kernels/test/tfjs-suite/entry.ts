// Runs tfjs-core's own tests on the wasm backend, with the stock kernels or with ours, and writes what became of each.
// Bundled by run.ts, so that the tests, the backend and our kernels share one tfjs-core.
// Arguments: `stock` or `ours`, the folder of the backend's wasm files, the file for the results.
import { writeFileSync } from 'node:fs'
import { registerKernels } from '@levin/kernels'
import '@tensorflow/tfjs-core/dist/index.js'
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js'
import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js'

async function main(kernels: string, wasmFolder: string, resultFile: string): Promise<void> {
  setWasmPaths(wasmFolder)
  if (kernels === 'ours') registerKernels()
  const jasmine = jasmineRequire.core(jasmineRequire)
  jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000
  const environment = jasmine.getEnv({ suppressLoadErrors: true })
  Object.assign(globalThis, jasmineRequire.interface(jasmine, environment))
  setTestEnvs([{ name: 'wasm', backendName: 'wasm', flags: {}, isDataSync: true }])

  environment.configure({ random: false })
  const results: [name: string, status: string, failure: string][] = []
  environment.addReporter({
    specDone({ fullName, status, failedExpectations }) {
      results.push([fullName, status, failedExpectations[0]?.message ?? ''])
    },
  })
  await import('@tensorflow/tfjs-core/dist/tests.js')
  await environment.execute()
  writeFileSync(resultFile, JSON.stringify(results))
}

const [kernels = '', wasmFolder = '', resultFile = ''] = process.argv.slice(2)
void main(kernels, wasmFolder, resultFile).then(() => process.exit(0))
