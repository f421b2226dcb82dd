// In the root of src, so that it lies as deep as the built file does.

// Apart from the text: bundlers take files along that are named in a URL beside `import.meta.url`.
function relative(path: string): URL {
  return new URL(path, import.meta.url)
}

/** The module that launchers import on every rank. */
export const rankProgram = /* @__PURE__ */ relative(`./rank.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`)
