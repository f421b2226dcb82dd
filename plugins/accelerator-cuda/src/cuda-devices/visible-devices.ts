/**
 * The GPUs that `CUDA_VISIBLE_DEVICES` names, by index or UUID, by CUDA's own rule: the list ends before its first entry that
 * names nothing, so that `''` and `'-1'` hide all. `undefined`: it is not set, and all are visible.
 */
export function visibleDevices(environment: NodeJS.ProcessEnv = process.env): readonly string[] | undefined {
  const value = environment['CUDA_VISIBLE_DEVICES']
  if (value === undefined) return undefined
  const entries = value.split(',').map((entry) => entry.trim())
  const end = entries.findIndex((entry) => !/^(\d+|(GPU|MIG)-\S+)$/.test(entry))
  return end < 0 ? entries : entries.slice(0, end)
}
