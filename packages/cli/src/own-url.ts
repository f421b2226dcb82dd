/** Whether this package runs from its sources. */
export const fromSource = import.meta.url.endsWith('.ts')
