import { LevinError } from '../errors.js'

/**
 * A block out of a larger array, in row-major order: what one rank holds of a parameter, or one micro-batch of a batch.
 *
 * The leading size of `globalShape` may be `Infinity` where nobody knows it (samples); the place of an element in the
 * whole depends on the other sizes alone.
 */
export interface SliceLayout {
  readonly globalShape: readonly number[]
  /** The place of the slice's first element, by axis. */
  readonly start: readonly number[]
  readonly shape: readonly number[]
}

/**
 * Calls `run(globalIndex, localIndex, length)` for each longest stretch of elements that lie side by side in the whole.
 *
 * @throws LevinError `LEVIN_SHAPE` if the slice does not lie inside the whole, or does not hold `size` elements.
 */
export function eachRun(
  layout: SliceLayout,
  size: number,
  run: (globalIndex: number, localIndex: number, length: number) => void,
): void {
  checkLayout(layout, size)
  if (size === 0) return
  const { globalShape, start, shape } = layout
  const rank = shape.length
  // Axes from `inner` on are held whole, so that runs reach across them.
  let inner = rank
  let length = 1
  while (inner > 0) {
    inner--
    length *= shape[inner] as number
    if (shape[inner] !== globalShape[inner]) break
  }
  const strides = new Array<number>(rank)
  for (let axis = rank - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= globalShape[axis] as number
  }
  const position = start.slice()
  for (let local = 0; local < size; local += length) {
    let index = 0
    for (let axis = 0; axis < rank; axis++) index += (position[axis] as number) * (strides[axis] as number)
    if (!Number.isSafeInteger(index + length)) throw tooLarge(index)
    run(index, local, length)
    for (let axis = inner - 1; axis >= 0; axis--) {
      const next = (position[axis] as number) + 1
      position[axis] = next
      if (next < (start[axis] as number) + (shape[axis] as number)) break
      position[axis] = start[axis] as number
    }
  }
}

/**
 * The blocks that a stretch of an array in row-major order is made of, in its order: `count` elements from `first` on. At most
 * twice as many as there are axes, less one.
 */
export function blocksOf(globalShape: readonly number[], first: number, count: number): SliceLayout[] {
  const size = globalShape.reduce((product, length) => product * length, 1)
  if (first === 0 && count === size) return [{ globalShape, start: globalShape.map(() => 0), shape: globalShape }]
  const blocks: SliceLayout[] = []
  addBlocks(globalShape, [], first, count, blocks)
  return blocks
}

/** Blocks of a stretch within the row that `place` names by its first indices. */
function addBlocks(
  globalShape: readonly number[],
  place: readonly number[],
  first: number,
  count: number,
  blocks: SliceLayout[],
): void {
  if (count === 0) return
  const rest = globalShape.slice(place.length + 1)
  const row = rest.reduce((product, length) => product * length, 1)
  const block = (index: number, rows: number): void => {
    blocks.push({
      globalShape,
      start: [...place, index, ...rest.map(() => 0)],
      shape: [...place.map(() => 1), rows, ...rest],
    })
  }
  let index = Math.floor(first / row)
  let left = count
  const skipped = first % row
  if (skipped > 0) {
    const head = Math.min(left, row - skipped)
    addBlocks(globalShape, [...place, index++], skipped, head, blocks)
    left -= head
  }
  const rows = Math.floor(left / row)
  if (rows > 0) block(index, rows)
  addBlocks(globalShape, [...place, index + rows], 0, left - rows * row, blocks)
}

function checkLayout({ globalShape, start, shape }: SliceLayout, size: number): void {
  const rank = shape.length
  let count = 1
  let inside = globalShape.length === rank && start.length === rank
  for (let axis = 0; inside && axis < rank; axis++) {
    const first = start[axis] as number
    const length = shape[axis] as number
    count *= length
    inside = Number.isSafeInteger(first) && first >= 0 && length >= 0 && first + length <= (globalShape[axis] as number)
  }
  if (!inside) {
    throw new LevinError('LEVIN_SHAPE', {
      expected: `a slice inside the global shape [${globalShape.join(', ')}]`,
      found: `one of shape [${shape.join(', ')}] at [${start.join(', ')}]`,
    })
  }
  if (count !== size) {
    throw new LevinError('LEVIN_SHAPE', {
      expected: `an array of ${count} elements for a slice of shape [${shape.join(', ')}]`,
      found: `one of ${size}`,
    })
  }
}

function tooLarge(index: number): LevinError {
  return new LevinError('LEVIN_SHAPE', {
    expected: 'an array of fewer than 2⁵³ elements',
    found: `an element at ${index}`,
    remedy: 'Give the array a path of its own instead of one place in an array of everything.',
  })
}
