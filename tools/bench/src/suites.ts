import type { Suite } from './suite.js'

/** Every suite by the name that `npm run bench -- <name>` takes. Loaded when asked for: some bring whole frameworks. */
export const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  kernels: async () => (await import('./suites/kernels/suite.js')).suite,
  train: async () => (await import('./suites/train/train.js')).suite,
  collectives: async () => (await import('./suites/collectives/collectives.js')).suite,
  service: async () => (await import('./suites/service/service.js')).suite,
  scaling: async () => (await import('./suites/scaling/scaling.js')).suite,
  network: async () => (await import('./suites/network/network.js')).suite,
  startup: async () => (await import('./suites/startup/startup.js')).suite,
  overhead: async () => (await import('./suites/overhead/overhead.js')).suite,
}
