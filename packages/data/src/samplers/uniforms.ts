import { fillUniform, type RandomKey } from '@levin/core'

/** Uniforms in [0, 1) of 48 random bits: the generator's 24 would not reach every sample of a large dataset. */
export function preciseUniforms(key: RandomKey, length: number): Float64Array {
  const halves = new Float32Array(2 * length)
  fillUniform(halves, key)
  return Float64Array.from({ length }, (_, i) => (halves[2 * i] as number) + (halves[2 * i + 1] as number) * 2 ** -24)
}
