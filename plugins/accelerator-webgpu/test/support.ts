import { requirePart, useSoftwareAdapter } from '@levin/real-parts'

/** Whether there is an adapter to test on: that of Chromium, which Dawn finds from then on. */
export function hasAdapter(): boolean {
  if (!requirePart('chromium')) return false
  useSoftwareAdapter()
  return true
}
