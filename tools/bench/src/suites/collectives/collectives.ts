import { fileURLToPath } from 'node:url'
import { installLine, requirePart } from '@levin/real-parts'
import { ratios } from '../../conclude.js'
import type { Command } from '../../contender-process.js'
import { FROM_SOURCES, nodePeer } from '../../node-peer.js'
import { processContenders } from '../../process-contender.js'
import { median } from '../../statistics.js'
import { Absent, type Conclusion, type Measured, type Suite, type SuiteOptions, type Work } from '../../suite.js'
import { COLLECTIVE_WORKS, type CollectiveWork } from './works.js'

const peer = (name: string): URL => new URL(`../../peers/collectives/${name}`, import.meta.url)

/** Of one collective; of one way of a message. */
export const microsecondsOf = ({ kind }: CollectiveWork, stepsPerSecond: number): number =>
  1e6 / stepsPerSecond / (kind === 'message' ? 2 : 1)

/** With its defaults; more ranks than processors, and root, are what it wants to be told of. */
function mpirun(script: string, work: CollectiveWork): Command {
  if (!requirePart('open-mpi')) throw new Absent('Open MPI is not installed.', `Run ${installLine('open-mpi')}`)
  const root = process.getuid?.() === 0 ? ['--allow-run-as-root'] : []
  const program = [process.execPath, ...FROM_SOURCES, fileURLToPath(peer(script)), JSON.stringify(work)]
  const args = [...root, '--oversubscribe', '-n', `${work.ranks}`, ...program]
  return { program: 'mpirun.openmpi', args, endedBy: 'SIGTERM' }
}

function conclude(work: CollectiveWork, measured: Measured): Conclusion[] {
  const figures = [...measured].map(([contender, values]): Conclusion => {
    const quantity = contender === 'levin' ? 'shared-memory' : contender
    return { kind: 'figure', name: `${work.name}/${quantity}`, value: median(values), unit: 'µs' }
  })
  // Ranks that outnumber processors measure the scheduler as much as the collective.
  return work.ranks > 2 || !measured.has('levin')
    ? figures
    : [...figures, ...ratios(work.name, 'levin', measured, 'less')]
}

function workOf(work: CollectiveWork, { quick, say }: SuiteOptions): Work {
  const levin = { name: 'levin', command: () => nodePeer({ script: peer('shared.ts'), args: [JSON.stringify(work)] }) }
  const openMpi = { name: 'open-mpi', command: () => mpirun('mpi.ts', work) }
  // Ours between processes.
  const levinMpi = { name: 'levin-mpi', command: () => mpirun('levin-mpi.ts', work) }
  return {
    name: work.name,
    unit: 'µs',
    contenders: processContenders(work.kind === 'local-reduction' ? [openMpi] : [levin, openMpi, levinMpi], {
      checkStep: 1,
      quick,
      say,
      toValue: (stepsPerSecond) => microsecondsOf(work, stepsPerSecond),
    }),
    conclude: (measured) => conclude(work, measured),
  }
}

export const suite: Suite = {
  what: 'collectives of float32 among ranks of one machine: shared memory beside Open MPI',
  works: (options) => COLLECTIVE_WORKS.map((work) => workOf(work, options)),
}
