import { requirePart } from '@levin/real-parts'
import { describe, expect, test } from 'vitest'
import { type Outcome, suffer } from './faulty-job.js'

/** Whoever could say something says of which rank it is, and in which operation it waited. */
function expectLost({ errors }: Outcome, rank: number, what: RegExp): void {
  for (const [teller, { code, message }] of errors) {
    if (teller === rank) continue
    expect(code, message).toBe('LEVIN_WORKER_LOST')
    expect(message).toMatch(/^(allReduce|barrier) \(operation \d+\)/)
    expect(message).toContain(`rank ${rank} `)
    expect(message).toMatch(what)
  }
}

function expectFailure({ exitCode, left, output }: Outcome): void {
  expect(exitCode, output).not.toBe(0)
  expect(left).toEqual([])
}

const others = (outcome: Outcome, rank: number): number[] =>
  [...outcome.errors.keys()].filter((each) => each !== rank).sort()

describe.runIf(requirePart('open-mpi'))('Open MPI: a rank among three', () => {
  const job = { launcher: 'Open MPI', ranks: 3 } as const

  test.each([
    ['in blocking collectives', 1],
    ['in asynchronous collectives', 0],
  ] as const)('that is killed, %s, rank %i: nothing is left, and the job fails', async (work, to) => {
    const outcome = await suffer({ ...job, work, signal: 'SIGKILL', to })
    expectFailure(outcome)
    expectLost(outcome, to, /has ended/)
  })

  test.each([
    ['in blocking collectives', 1],
    ['in asynchronous collectives', 0],
  ] as const)('that is stopped, %s, rank %i: the others name it, and nothing is left', async (work, to) => {
    const outcome = await suffer({ ...job, work, signal: 'SIGSTOP', to })
    expectFailure(outcome)
    expect(others(outcome, to)).toEqual([0, 1, 2].filter((rank) => rank !== to))
    expectLost(outcome, to, /no sign of life for 1500 ms/)
  })

  test('whose launcher is killed: nothing is left', async () => {
    const outcome = await suffer({ ...job, work: 'computing between collectives', signal: 'SIGKILL', to: 'launcher' })
    expect(outcome.left).toEqual([])
  })

  test('that throws: the job fails, and its own error is printed', async () => {
    const outcome = await suffer({ ...job, work: 'one rank throws' })
    expectFailure(outcome)
    expect(outcome.output).toContain('this one is broken')
    expectLost(outcome, 1, /exit code 1/)
  })

  test('that exits: its code is the job’s', async () => {
    const outcome = await suffer({ ...job, work: 'one rank exits' })
    expectFailure(outcome)
    expect(outcome.exitCode).toBe(7)
    expectLost(outcome, 1, /exit code 7/)
  })

  test('that gives up: the others are told why', async () => {
    const outcome = await suffer({ ...job, work: 'one rank aborts' })
    expectFailure(outcome)
    expectLost(outcome, 1, /no more paper/)
  })

  test('that computes for three times as long as silence may last is alive', async () => {
    const outcome = await suffer({ ...job, work: 'one rank computes for long', silence: 700 })
    expect(outcome.exitCode, outcome.output).toBe(0)
    expect(outcome.errors.size).toBe(0)
  })

  test('that comes to its end does so without a complaint', async () => {
    const { exitCode, output } = await suffer({ ...job, work: 'to its end' })
    expect(output).toBe('')
    expect(exitCode).toBe(0)
  })
})

// Its launcher ends all others as soon as one has ended: which one they name, if they can still say anything, is chance.
describe.runIf(requirePart('mpich'))('MPICH: a rank among three', () => {
  const job = { launcher: 'MPICH', ranks: 3 } as const

  test.each([
    ['in blocking collectives', 'SIGKILL', 1],
    ['in asynchronous collectives', 'SIGKILL', 'launcher'],
    ['one rank exits', undefined, undefined],
  ] as const)('%s, after %s to %s: nothing is left, and the job fails', async (work, signal, to) => {
    expectFailure(await suffer({ ...job, work, ...(signal && { signal, to }) }))
  })

  test('that is stopped: the others name it, and nothing is left', async () => {
    const outcome = await suffer({ ...job, work: 'in blocking collectives', signal: 'SIGSTOP', to: 1 })
    expectFailure(outcome)
    expect(others(outcome, 1)).toEqual([0, 2])
    expectLost(outcome, 1, /no sign of life for 1500 ms/)
  })

  test('that comes to its end does so without a complaint', async () => {
    const { exitCode, output } = await suffer({ ...job, work: 'to its end' })
    expect(output).toBe('')
    expect(exitCode).toBe(0)
  })
})
