export { installLine, type PartName } from './parts.js'
export { requirePart } from './require-part.js'
export { useSoftwareAdapter } from './software-adapter.js'
