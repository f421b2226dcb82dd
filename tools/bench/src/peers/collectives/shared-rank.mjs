// Node 20 has no loader for TypeScript in a worker unless one is registered there.
import { register } from 'tsx/esm/api'

register()
await import('./shared-rank.ts')
