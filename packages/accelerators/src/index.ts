export { type BlasChoice, type CpuOptions, cpu, WasmAccelerator, type WasmLibrary, type WasmPaths } from './cpu.js'
export { type DeviceListing, listDevices, type UnusableDevice, type UsableDevice } from './list-devices.js'
export { parseDevices, parseWorkers } from './parse-devices.js'
export { TfjsCpuAccelerator, type TfjsCpuOptions, tfjsCpu } from './tfjs-cpu.js'
