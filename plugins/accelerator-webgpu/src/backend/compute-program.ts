import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { LevinBackend } from './levin-backend.js'

/** A uniform of a program: its WGSL type. Scalars only, which need no alignment. */
export type UniformType = 'f32' | 'u32' | 'i32'

/** The values of a program's uniforms. */
export type Uniforms = Readonly<Record<string, number>>

export interface ComputeProgram {
  /** Shown in profiles and errors. */
  readonly name: string
  /** Tensors that it changes or makes, by the name of their array in WGSL. */
  readonly writes: readonly Binding[]
  readonly reads: readonly Binding[]
  readonly uniforms: Readonly<Record<string, UniformType>>
  /** Threads of a workgroup. Default 64. */
  readonly workgroupSize?: number
  /** WGSL outside of functions: functions, workgroup variables. */
  readonly declarations?: string
  /**
   * WGSL of the entry point's body. It sees `group`, the index of the workgroup; `lane`, that of the thread in it; `i`, that
   * of the thread among all; and the uniforms as `u.name`.
   */
  readonly body: string
}

/** The name of an array and its element type: `x` is `array<f32>`, `ids:i32` is `array<i32>`. */
export type Binding = string

export const elementType = (binding: Binding): string => binding.split(':')[1] ?? 'f32'

export const DEFAULT_WORKGROUP = 64

/** Workgroups of a dispatch along one axis that every device allows. */
const MAX_PER_AXIS = 65_535

interface Compiled {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

/** Compiles programs, each once for a device, and records them among the commands of the backend. */
export class Pipelines {
  readonly #compiled = new Map<ComputeProgram, Compiled>()
  readonly #device: GPUDevice

  constructor(device: GPUDevice) {
    this.#device = device
  }

  record(
    backend: LevinBackend,
    program: ComputeProgram,
    tensors: readonly TensorInfo[],
    uniforms: Uniforms,
    workgroups: number,
  ): void {
    const { pipeline, layout } = this.#pipeline(program)
    const entries = tensors.map(({ dataId }, binding) => ({
      binding,
      resource: { buffer: backend.tensorMap.get(dataId).resource as GPUBuffer },
    }))
    const uniformBuffer = this.#uniformBuffer(backend, program, uniforms)
    const group = this.#device.createBindGroup({
      layout,
      entries: [...entries, { binding: tensors.length, resource: { buffer: uniformBuffer } }],
    })
    // Until these commands are submitted, the buffers of what is disposed of must not be given to anybody else.
    for (const { dataId } of tensors) backend.commandQueueOwnedIds.add(dataId)
    backend.ensureCommandEncoderReady()
    backend.computePassEncoder ??= (backend.commandEncoder as GPUCommandEncoder).beginComputePass()
    const pass = backend.computePassEncoder
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    const columns = Math.min(workgroups, MAX_PER_AXIS)
    pass.dispatchWorkgroups(columns, Math.ceil(workgroups / columns))
    submitWhenFull(backend)
  }

  #pipeline(program: ComputeProgram): Compiled {
    const known = this.#compiled.get(program)
    if (known) return known
    const device = this.#device
    const module = device.createShaderModule({ code: sourceOf(program), label: program.name })
    // Said, and not left to be found: what a program binds and does not use would be missing in a layout that was found.
    const layout = device.createBindGroupLayout({ entries: layoutOf(program) })
    const pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module },
      label: program.name,
    })
    const compiled = { pipeline, layout }
    this.#compiled.set(program, compiled)
    return compiled
  }

  #uniformBuffer(backend: LevinBackend, { uniforms: types }: ComputeProgram, values: Uniforms): GPUBuffer {
    const names = Object.keys(types)
    // A uniform buffer is never empty, and its size a multiple of 16.
    const bytes = new DataView(new ArrayBuffer(Math.ceil(Math.max(names.length, 1) / 4) * 16))
    for (const [place, name] of names.entries()) {
      const value = values[name] as number
      if (types[name] === 'f32') bytes.setFloat32(place * 4, value, true)
      else bytes.setUint32(place * 4, value, true)
    }
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM
    const buffer = backend.bufferManager.acquireBuffer(bytes.byteLength, usage)
    backend.queue.writeBuffer(buffer, 0, bytes.buffer)
    backend.uniformPendingDisposal.push(buffer)
    return buffer
  }
}

function layoutOf({ writes, reads }: ComputeProgram): GPUBindGroupLayoutEntry[] {
  const types: GPUBufferBindingType[] = [
    ...writes.map(() => 'storage' as const),
    ...reads.map(() => 'read-only-storage' as const),
    'uniform',
  ]
  return types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }))
}

/** Counts a recorded command to the batch that tfjs submits together. */
function submitWhenFull(backend: LevinBackend): void {
  backend.dispatchCountInPass++
  if (backend.dispatchCountInPass < backend.batchSize) return
  backend.endComputePassEncoder()
  backend.submitQueue()
}

/** The whole WGSL of a program. */
function sourceOf({ writes, reads, uniforms, workgroupSize = DEFAULT_WORKGROUP, ...code }: ComputeProgram): string {
  const array = (binding: Binding, index: number, access: string): string => {
    const [name] = binding.split(':')
    return `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${elementType(binding)}>;`
  }
  const fields = Object.entries(uniforms).map(([name, type]) => `${name}: ${type},`)
  const paddedFields = fields.length > 0 ? fields : ['unused: u32,']
  return [
    `struct Uniforms { ${paddedFields.join(' ')} }`,
    ...writes.map((binding, index) => array(binding, index, 'read_write')),
    ...reads.map((binding, index) => array(binding, writes.length + index, 'read')),
    `@group(0) @binding(${writes.length + reads.length}) var<uniform> u: Uniforms;`,
    code.declarations ?? '',
    `@compute @workgroup_size(${workgroupSize})`,
    'fn main(@builtin(workgroup_id) groupId: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,',
    '        @builtin(local_invocation_index) lane: u32) {',
    '  let group = groupId.y * groups.x + groupId.x;',
    `  let i = group * ${workgroupSize}u + lane;`,
    code.body,
    '}',
  ].join('\n')
}
