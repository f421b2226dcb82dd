import type { ComputeProgram } from '../backend/compute-program.js'

/**
 * Programs that work on one row at a time: with a thread for each where rows are short, with a workgroup for each where
 * they are long. Their code is one: it walks a row from `lane_` on in steps of LANES, and joins what its threads found.
 */

const LONG = 64
const THREADS = 64

export interface RowProgram {
  readonly short: ComputeProgram
  readonly long: ComputeProgram
}

const JOIN_LONG = `
var<workgroup> joined: array<f32, ${THREADS}>;
fn rowSum(lane: u32, x: f32) -> f32 {
  joined[lane] = x;
  workgroupBarrier();
  for (var span = ${THREADS / 2}u; span > 0u; span = span / 2u) {
    if (lane < span) { joined[lane] = joined[lane] + joined[lane + span]; }
    workgroupBarrier();
  }
  let total = joined[0];
  workgroupBarrier();
  return total;
}
fn rowMax(lane: u32, x: f32) -> f32 {
  joined[lane] = x;
  workgroupBarrier();
  for (var span = ${THREADS / 2}u; span > 0u; span = span / 2u) {
    if (lane < span) { joined[lane] = max(joined[lane], joined[lane + span]); }
    workgroupBarrier();
  }
  let largest = joined[0];
  workgroupBarrier();
  return largest;
}`

const JOIN_SHORT = `
fn rowSum(lane: u32, x: f32) -> f32 { return x; }
fn rowMax(lane: u32, x: f32) -> f32 { return x; }`

/**
 * @param program whose body sees `row` and `base`, the place of its first element, and walks it by
 *   `for (var c = first; c < u.width; c += LANES)`. Where one thread has to write for the row, it asks `first == 0u`.
 */
export function rowProgram(program: ComputeProgram): RowProgram {
  const uniforms = { rows: 'u32', width: 'u32', ...program.uniforms } as const
  const declarations = program.declarations ?? ''
  const variant = (isLong: boolean): ComputeProgram => ({
    ...program,
    uniforms,
    workgroupSize: THREADS,
    declarations: `const LANES = ${isLong ? THREADS : 1}u;${isLong ? JOIN_LONG : JOIN_SHORT}\n${declarations}`,
    body: `
  let row = ${isLong ? 'group' : 'i'};
  if (row >= u.rows) { return; }
  let first = ${isLong ? 'lane' : '0u'};
  let base = row * u.width;
  ${program.body}`,
  })
  return { short: variant(false), long: variant(true) }
}

/** The variant for rows of a width, and its workgroups. */
export function forRows({ short, long }: RowProgram, rows: number, width: number): [ComputeProgram, number] {
  return width < LONG ? [short, Math.ceil(rows / THREADS)] : [long, rows]
}
