import { type Accelerator, hostTensor } from '@levin/core'
import type { Tolerance } from '../all-close.js'
import { type ConformanceCase, conformanceCases, type KnownFailures } from '../conformance-case.js'
import { expectNoLeak } from '../expectations.js'
import { recorded } from './recorded/cases.js'
import { isPlain, type RecordedCase, type RecordedInput } from './recorded.js'
import { type Arrival, checkGradients, checkValues } from './run-case.js'
import type { SweepOp } from './sweep-op.js'
import { levinOps, sweepOps, tfjsNames } from './sweep-ops.js'

export interface OpHarness extends KnownFailures {
  /** A new instance. All cases share one, which the first sets up and the last tears down. */
  create(): Accelerator
  /** Of every number against double precision. Default `{ rtol: 1e-5, atol: 1e-6 }`: what float32 leaves of sums of many. */
  readonly tolerance?: Tolerance
}

/** What one case is about; `name` is that of the conformance case. */
export interface SweepEntry {
  readonly name: string
  /** As its users call it: `conv2d`. */
  readonly op: string
  readonly from: '@levin/ops' | 'tfjs'
  readonly checks: 'values' | 'gradients'
}

/** Every case of the sweep in order, without running any. */
export const opSweep = (): readonly SweepEntry[] => planned.map(({ entry }) => entry)

/**
 * Every op that layers, optimizers, losses and metrics call, against what PyTorch gives for it in double precision: values
 * and the gradients of all inputs; shapes with none and one, sizes that fit no vector, broadcasts, one tensor as several
 * operands, transposes as operands, integers and truth values where the op takes them; and no tensor is left behind.
 *
 * Reads are asynchronous. The cases run one after the other: the device is tfjs's current backend while one does.
 */
export function opCases(harness: OpHarness): ConformanceCase[] {
  const { tolerance = {} } = harness
  let shared: Accelerator | undefined
  // Again for each case: another accelerator of this thread may have been set up meanwhile. Idempotent by contract.
  const device = async (): Promise<Accelerator> => {
    shared ??= harness.create()
    await shared.setup()
    return shared
  }
  const release = async (): Promise<void> => {
    const device = shared
    shared = undefined
    if (device) await settle(device)
    await device?.teardown()
  }
  const bodies = planned.map(({ entry, recorded, op, arrival }) => {
    const check = entry.checks === 'values' ? checkValues : checkGradients
    const body = async () => {
      const accelerator = await device()
      await expectNoLeak(() => check({ accelerator, recorded, op, arrival, tolerance }), 'the op')
    }
    // A device that refused a command may refuse the next case's too: that gets another.
    return [entry.name, () => body().catch((error: unknown) => release().then(() => Promise.reject(error)))] as const
  })
  return conformanceCases({ ...Object.fromEntries(bodies), 'ends: the device is released': release }, harness)
}

// --- Internal helpers ---

/** What a device was told and has refused it says late: round trips bring it, and nobody else is to hear it. */
async function settle(device: Accelerator): Promise<void> {
  for (let trip = 0; trip < 2; trip++) await roundTrip(device).catch(() => undefined)
}

async function roundTrip(device: Accelerator): Promise<void> {
  const probe = device.upload(hostTensor(Float32Array.of(1), [1]))
  try {
    await probe.data()
  } finally {
    probe.dispose()
  }
}

interface Planned {
  readonly entry: SweepEntry
  readonly recorded: RecordedCase
  readonly op: SweepOp
  readonly arrival: Arrival
}

const planned: readonly Planned[] = /* @__PURE__ */ plan(recorded.cases)

function plan(cases: readonly RecordedCase[]): Planned[] {
  const turned = new Set<string>()
  return cases.flatMap((recorded) => {
    const found = [...planOne(recorded, 'uploaded')]
    // Once for each op: what comes of a transpose lies in memory like anything else, or the transpose's own cases fail.
    if (!turned.has(recorded.op) && isWorthTurning(recorded)) {
      turned.add(recorded.op)
      found.push(...planOne(recorded, 'transposed'))
    }
    return found
  })
}

function planOne(recorded: RecordedCase, arrival: Arrival): Planned[] {
  const op = sweepOps[recorded.op]
  if (op === undefined) throw new Error(`The recording names the op '${recorded.op}', which the sweep does not know.`)
  const own = levinOps[recorded.op]
  const called = own ?? tfjsNames[recorded.op] ?? recorded.op
  const title = `${own ? called : `tfjs ${called}`}: ${recorded.name}${arrival === 'transposed' ? ', of transposes' : ''}`
  const checks = recorded.gradients === undefined ? (['values'] as const) : (['values', 'gradients'] as const)
  return checks.map((check) => ({
    entry: { name: `${title}: ${check}`, op: called, from: own ? '@levin/ops' : 'tfjs', checks: check },
    recorded,
    op,
    arrival,
  }))
}

/** Whether an input has rows and columns to exchange. */
function isWorthTurning({ inputs, operands }: RecordedCase): boolean {
  const shape = (input: RecordedInput): readonly number[] => (isPlain(input) ? input : (input as DrawnShape).shape)
  const matrices = Object.values(inputs).some((input) => shape(input).filter((length) => length > 1).length > 1)
  return operands === undefined && matrices
}

interface DrawnShape {
  readonly shape: readonly number[]
}
