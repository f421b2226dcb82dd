// Apart, for programs that have an accelerator.
export { CurrentBackend } from '@levin/core'
