import { LevinError, type SliceLayout } from '@levin/core'

/** Axes of a slice that cannot be joined with the axis before them, at most. tfjs's tensors have six. */
const MAX_AXES = 6

/** A slice as a kernel walks it: where it begins in the whole, and size and stride of each axis that is left. */
export interface Walk {
  /** Two 32-bit halves of the index of the first element. */
  readonly low: number
  readonly high: number
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
}

/**
 * Joins the axes that lie side by side in the whole: what is left of a slice is one axis in nearly every case.
 *
 * @throws LEVIN_SHAPE where an index has no exact number
 */
function walkOf({ globalShape, start, shape }: SliceLayout): Walk {
  let first = 0
  let stride = 1
  const sizes: number[] = []
  const strides: number[] = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number
    first += (start[axis] as number) * stride
    const inner = sizes.length - 1
    const joins = inner >= 0 && (sizes[inner] as number) * (strides[inner] as number) === stride
    if (joins) sizes[inner] = (sizes[inner] as number) * size
    else {
      sizes.push(size)
      strides.push(stride)
    }
    if (axis > 0) stride *= globalShape[axis] as number
  }
  if (!Number.isSafeInteger(first) || !(stride < 2 ** 32)) {
    throw new LevinError('LEVIN_SHAPE', {
      expected: 'a place in an array of less than 2⁵³ elements, and less than 2³² in all axes but the first',
      found: `element ${first}, with ${stride} elements from one index of the first axis to the next`,
    })
  }
  return { low: first % 2 ** 32, high: Math.floor(first / 2 ** 32), sizes: sizes.reverse(), strides: strides.reverse() }
}

/** The uniforms of {@link PHILOX}. */
export const walkUniforms = {
  key0: 'u32',
  key1: 'u32',
  low: 'u32',
  high: 'u32',
  ...walkFields('u32' as const),
} as const

export function walkValues(key0: number, key1: number, layout: SliceLayout): Record<string, number> {
  const { low, high, sizes, strides } = walkOf(layout)
  // Axes that are not there come first and have one element.
  const missing = MAX_AXES - sizes.length
  const values: Record<string, number> = { key0, key1, low, high }
  for (let axis = 0; axis < MAX_AXES; axis++) {
    values[`size${axis}`] = axis < missing ? 1 : (sizes[axis - missing] as number)
    values[`stride${axis}`] = axis < missing ? 0 : (strides[axis - missing] as number)
  }
  return values
}

function walkFields<T>(type: T): Record<string, T> {
  const axes = Array.from({ length: MAX_AXES }, (_, axis) => axis)
  return Object.fromEntries(axes.flatMap((axis) => [`size${axis}`, `stride${axis}`].map((name) => [name, type])))
}

/**
 * `uniformAt(element)`: the uniform of an element of the slice, the bits of `fillUniform` of @levin/core. WGSL has no 64-bit
 * integers: pairs of 32-bit halves stand for them.
 */
export const PHILOX = `
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu; let aHigh = a >> 16u;
  let bLow = b & 0xffffu; let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}
fn philoxBlock(low: u32, high: u32) -> vec4<u32> {
  var c = vec4<u32>(low, high, 0u, 0u);
  var k = vec2<u32>(u.key0, u.key1);
  for (var round = 0u; round < 10u; round++) {
    let high0 = multiplyHigh(0xd2511f53u, c.x); let low0 = 0xd2511f53u * c.x;
    let high1 = multiplyHigh(0xcd9e8d57u, c.z); let low1 = 0xcd9e8d57u * c.z;
    c = vec4<u32>(high1 ^ c.y ^ k.x, low1, high0 ^ c.w ^ k.y, low0);
    k = k + vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
fn plusProduct(sum: vec2<u32>, a: u32, b: u32) -> vec2<u32> {
  let low = sum.x + a * b;
  return vec2<u32>(low, sum.y + multiplyHigh(a, b) + select(0u, 1u, low < sum.x));
}
fn uniformAt(element: u32) -> f32 {
  var index = vec2<u32>(u.low, u.high);
  var rest = element;
${Array.from({ length: MAX_AXES }, (_, i) => MAX_AXES - 1 - i)
  .map(
    (axis) =>
      `  { let next = rest / u.size${axis}; index = plusProduct(index, rest - next * u.size${axis}, u.stride${axis}); rest = next; }`,
  )
  .join('\n')}
  let words = philoxBlock((index.x >> 2u) | (index.y << 30u), index.y >> 2u);
  return f32(words[index.x & 3u] >> 8u) * exp2(-24.0);
}
`
