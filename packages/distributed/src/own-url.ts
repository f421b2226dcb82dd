// In the root of src, so that it lies as deep as the built file does.

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** Whether this package runs from its sources. */
export const fromSource = extension === 'ts'

/** A module of this package that a worker is to run. */
export const ownUrl = (name: string): URL => new URL(`./${name}.${extension}`, import.meta.url)
