// Runs tfjs-core's own tests on the wasm backend, with the stock kernels, with ours, with ours and every matrix product in
// a BLAS library, or with ours and every tensor beyond the first 2 GiB of the heap, and writes what became of each.
// Bundled by run.ts, so that the tests, the backend and our kernels share one tfjs-core.
// Arguments: `stock`, `ours`, `blas` or `high`, the folder of the backend's wasm files, the file for the results,
// and a pattern that the names of the tests to run match.
import { writeFileSync } from 'node:fs'
import { registerKernels } from '@levin/kernels'
import '@tensorflow/tfjs-core/dist/index.js'
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { registerKernel } from '@tensorflow/tfjs-core'
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js'
import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js'
import { sendEverythingToBlas } from '../blas-support.js'
import { fillLowerHalf } from '../heap-states.js'

async function main(kernels: string, wasmFolder: string, resultFile: string, names: string): Promise<void> {
  setWasmPaths(wasmFolder)
  if (kernels !== 'stock') registerKernels()
  if (kernels === 'blas') sendEverythingToBlas()
  // The tests make a backend after the other.
  if (kernels === 'high') {
    registerKernel({
      kernelName: 'Fill lower half',
      backendName: 'wasm',
      setupFunc: fillLowerHalf,
      kernelFunc: () => [],
    })
  }
  const jasmine = jasmineRequire.core(jasmineRequire)
  jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000
  const environment = jasmine.getEnv({ suppressLoadErrors: true })
  Object.assign(globalThis, jasmineRequire.interface(jasmine, environment))
  setTestEnvs([{ name: 'wasm', backendName: 'wasm', flags: {}, isDataSync: true }])

  const wanted = new RegExp(names)
  environment.configure({ random: false, specFilter: (spec) => wanted.test(spec.getFullName()) })
  const results: [name: string, status: string, failure: string][] = []
  environment.addReporter({
    specDone({ fullName, status, failedExpectations }) {
      if (status !== 'excluded') results.push([fullName, status, failedExpectations[0]?.message ?? ''])
    },
  })
  await import('@tensorflow/tfjs-core/dist/tests.js')
  await environment.execute()
  writeFileSync(resultFile, JSON.stringify(results))
}

const [kernels = '', wasmFolder = '', resultFile = '', names = ''] = process.argv.slice(2)
void main(kernels, wasmFolder, resultFile, names).then(() => process.exit(0))
