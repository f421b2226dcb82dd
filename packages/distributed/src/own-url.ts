// In the root of src, so that it lies as deep as the built file does.

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** Whether this package runs from its sources. */
export const fromSource = extension === 'ts'

// Apart from the text: bundlers take files along that are named in a URL beside `import.meta.url`.
const relative = (path: string): URL => new URL(path, import.meta.url)

/** A module of this package that a worker is to run. */
export const ownUrl = (name: string): URL => relative(`./${name}.${extension}`)
