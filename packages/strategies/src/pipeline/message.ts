import { type NumericType, tensorsIn } from '@levin/core'
import { Tensor } from '@tensorflow/tfjs-core'
import type { TensorAccess } from '../group/tensor-access.js'

/** Values of one tensor on the host. */
export interface HostValues {
  readonly shape: readonly number[]
  readonly dtype: NumericType
  readonly bytes: Uint8Array
}

/** What stands in a message beside tensors. */
export interface MessageNotes {
  /** Of the micro-batch; NaN where it is not known yet. */
  readonly loss: number
  /** How much the loss counts. */
  readonly weight: number
  /** When it was ready, on the clock of the window's trace. */
  readonly time: number
}

/** Tensors on their way from one stage to another, in whatever arrays and objects they lie. */
export interface Message extends MessageNotes {
  /** Absent: there is nothing to send, such as gradients of a batch that counts for nothing. */
  readonly form: Form | undefined
  readonly values: readonly HostValues[]
}

/** What an activation looks like: a tensor is its place among the tensors, an array and an object hold forms. JSON. */
export type Form =
  | { readonly tensor: number }
  | { readonly list: readonly Form[] }
  | { readonly record: Readonly<Record<string, Form>> }
  | { readonly plain: unknown }

export function formOf(value: unknown): Form {
  let tensors = 0
  const visit = (each: unknown): Form => {
    if (each instanceof Tensor) return { tensor: tensors++ }
    if (Array.isArray(each)) return { list: each.map(visit) }
    if (isPlainObject(each))
      return { record: Object.fromEntries(Object.entries(each).map(([name, item]) => [name, visit(item)])) }
    return { plain: each }
  }
  return visit(value)
}

export function fillForm(form: Form, tensors: readonly Tensor[]): unknown {
  if ('tensor' in form) return tensors[form.tensor]
  if ('list' in form) return form.list.map((each) => fillForm(each, tensors))
  if ('record' in form)
    return Object.fromEntries(Object.entries(form.record).map(([name, each]) => [name, fillForm(each, tensors)]))
  return form.plain
}

/** Copies the tensors of a value to the host. */
export async function readValues(value: unknown, access: TensorAccess): Promise<HostValues[]> {
  const values: HostValues[] = []
  for (const tensor of tensorsIn(value)) values.push(await valuesOf(tensor, access))
  return values
}

async function valuesOf(tensor: Tensor, access: TensorAccess): Promise<HostValues> {
  const { shape } = tensor
  const dtype = tensor.dtype as NumericType
  if (dtype === 'float32') {
    const target = new Float32Array(tensor.size)
    const reading = access.read(tensor, target)
    if (reading) await reading
    return { shape, dtype, bytes: new Uint8Array(target.buffer) }
  }
  const data = Uint8Array.from(bytesOf(access.isSynchronous ? tensor.dataSync() : await tensor.data()))
  return { shape, dtype, bytes: data }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
