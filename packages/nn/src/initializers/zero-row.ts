import type { Initializer } from '@levin/core'

/** Another initialiser's values, but zeros in one row of the first axis. */
export const withZeroRow = (initializer: Initializer, row: number): Initializer => ({
  name: initializer.name,
  fill(target, key, layout) {
    initializer.fill(target, key, layout)
    const local = row - (layout.start[0] ?? 0)
    const size = layout.shape.slice(1).reduce((product, length) => product * length, 1)
    if (local >= 0 && local < (layout.shape[0] ?? 0)) target.fill(0, local * size, (local + 1) * size)
  },
})
