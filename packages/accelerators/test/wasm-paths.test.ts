import { expect, test } from 'vitest'
import { besideThisPackage, bundledWasmFile } from '../src/wasm-paths.js'

const FILE = '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'

test.each([
  // Vite 8's development server, from a store of pnpm.
  [
    `http://localhost/node_modules/.pnpm/a@1/node_modules/@levin/accelerators/dist/${FILE}`,
    `http://localhost/node_modules/.pnpm/a@1/node_modules/${FILE}`,
  ],
  // Vite 7's, from its cache.
  [`http://localhost/node_modules/.vite/deps/${FILE}`, `http://localhost/node_modules/${FILE}`],
  // A bundler that has put the file somewhere.
  [
    'http://localhost/assets/tfjs-backend-wasm-simd-BrM3.wasm',
    'http://localhost/assets/tfjs-backend-wasm-simd-BrM3.wasm',
  ],
])('%s is looked for at %s', (given, expected) => {
  expect(besideThisPackage(given)).toBe(expected)
})

test('Node finds the file as it finds packages', () => {
  expect(bundledWasmFile()).toBeUndefined()
})
