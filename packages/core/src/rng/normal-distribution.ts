/** Φ(x), to about 1e-15 (Marsaglia 2004, "Evaluating the normal distribution"). */
export function normalCumulative(x: number): number {
  if (x < -8.5) return 0
  if (x > 8.5) return 1
  // For negative x the series would cancel.
  if (x < -1) return lowerTail(-x)
  if (x > 1) return 1 - lowerTail(x)
  let sum = x
  let term = x
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) {
    term *= (x * x) / i
    sum += term
  }
  return 0.5 + sum * density(x)
}

/** 1 − Φ(x) for x ≥ 1, by Laplace's continued fraction, which keeps its relative precision far out. */
function lowerTail(x: number): number {
  let fraction = x
  for (let i = 200; i >= 1; i--) fraction = x + i / fraction
  return density(x) / fraction
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
}

const CENTRAL = {
  numerator: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  denominator: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852546,
  ],
}
const TAIL = {
  numerator: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  denominator: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
}
const FAR_TAIL = {
  numerator: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  denominator: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
}

/** Φ⁻¹(p) for 0 < p < 1, to about 1e-16 relative (Wichura 1988, algorithm AS 241, PPND16). */
export function normalQuantile(p: number): number {
  const centred = p - 0.5
  if (Math.abs(centred) <= 0.425) return centred * ratio(CENTRAL, 0.180625 - centred * centred)
  const distance = Math.sqrt(-Math.log(centred < 0 ? p : 1 - p))
  const quantile = distance <= 5 ? ratio(TAIL, distance - 1.6) : ratio(FAR_TAIL, distance - 5)
  return centred < 0 ? -quantile : quantile
}

function ratio({ numerator, denominator }: typeof CENTRAL, x: number): number {
  return polynomial(numerator, x) / polynomial(denominator, x)
}

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + (coefficients[i] as number)
  return value
}
