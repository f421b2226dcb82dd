// In the root of src, so that it lies as deep as the built file does.

/** The module that launchers import on every rank. */
export const rankProgram = new URL(`./rank.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
