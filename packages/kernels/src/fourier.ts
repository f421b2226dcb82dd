// Discrete Fourier transforms on the host, in float64: radix 2 where the length is a power of two, and Bluestein's
// algorithm ("A linear filtering approach to the computation of discrete Fourier transform", 1970), which turns any
// other length into a convolution of such a length. Both are O(n log n).

/** Split complex numbers. */
interface ComplexArray {
  readonly real: Float64Array
  readonly imag: Float64Array
}

const zeros = (length: number): ComplexArray => ({ real: new Float64Array(length), imag: new Float64Array(length) })

/** In place, unscaled; `sign` is −1 for the forward transform and +1 for the inverse. */
function radix2({ real, imag }: ComplexArray, sign: 1 | -1): void {
  const n = real.length
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      ;[real[i], real[j]] = [real[j] as number, real[i] as number]
      ;[imag[i], imag[j]] = [imag[j] as number, imag[i] as number]
    }
  }
  for (let length = 2; length <= n; length *= 2) {
    const half = length / 2
    for (let k = 0; k < half; k++) {
      const angle = (sign * 2 * Math.PI * k) / length
      const cosine = Math.cos(angle)
      const sine = Math.sin(angle)
      for (let i = k; i < n; i += length) {
        const j = i + half
        const upperReal = real[i] as number
        const upperImag = imag[i] as number
        const lowerReal = (real[j] as number) * cosine - (imag[j] as number) * sine
        const lowerImag = (real[j] as number) * sine + (imag[j] as number) * cosine
        real[i] = upperReal + lowerReal
        imag[i] = upperImag + lowerImag
        real[j] = upperReal - lowerReal
        imag[j] = upperImag - lowerImag
      }
    }
  }
}

/** `a ×= b` or, with `conjugate`, `a ×= b̄`, element by element. */
function multiplyInto(a: ComplexArray, b: ComplexArray, conjugate = false): void {
  for (let i = 0; i < a.real.length; i++) {
    const [real, imag] = [a.real[i] as number, a.imag[i] as number]
    const [factor, other] = [b.real[i] as number, conjugate ? -(b.imag[i] as number) : (b.imag[i] as number)]
    a.real[i] = real * factor - imag * other
    a.imag[i] = real * other + imag * factor
  }
}

function bluestein(x: ComplexArray, sign: 1 | -1): void {
  const n = x.real.length
  const size = 2 ** Math.ceil(Math.log2(2 * n - 1))
  const chirp = zeros(size)
  const kernel = zeros(size)
  for (let i = 0; i < n; i++) {
    // i² is reduced first: the angle of a large square would lose its digits.
    const angle = (Math.PI * ((i * i) % (2 * n))) / n
    chirp.real[i] = Math.cos(angle)
    chirp.imag[i] = sign * Math.sin(angle)
    for (const j of i === 0 ? [0] : [i, size - i]) {
      kernel.real[j] = Math.cos(angle)
      kernel.imag[j] = -sign * Math.sin(angle)
    }
  }
  const padded = zeros(size)
  padded.real.set(x.real)
  padded.imag.set(x.imag)
  multiplyInto(padded, chirp)
  radix2(padded, -1)
  radix2(kernel, -1)
  multiplyInto(padded, kernel)
  radix2(padded, 1)
  multiplyInto(padded, chirp)
  for (let i = 0; i < n; i++) {
    x.real[i] = (padded.real[i] as number) / size
    x.imag[i] = (padded.imag[i] as number) / size
  }
}

/** Transforms `values` (interleaved complex numbers) in place, row by row of `length` numbers. The inverse divides by n. */
export function transformRows(values: Float32Array, length: number, inverse: boolean): void {
  const row = zeros(length)
  const sign = inverse ? 1 : -1
  const scale = inverse ? length : 1
  for (let from = 0; from < values.length; from += 2 * length) {
    for (let i = 0; i < length; i++) {
      row.real[i] = values[from + 2 * i] as number
      row.imag[i] = values[from + 2 * i + 1] as number
    }
    if ((length & (length - 1)) === 0) radix2(row, sign)
    else bluestein(row, sign)
    for (let i = 0; i < length; i++) {
      values[from + 2 * i] = (row.real[i] as number) / scale
      values[from + 2 * i + 1] = (row.imag[i] as number) / scale
    }
  }
}
