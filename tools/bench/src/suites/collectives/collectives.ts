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

/** With its defaults; more ranks than processors, and root, are what it wants to be told of. */
function openMpi(work: CollectiveWork): Command {
  if (!requirePart('open-mpi')) throw new Absent('Open MPI is not installed.', `Run ${installLine('open-mpi')}`)
  const root = process.getuid?.() === 0 ? ['--allow-run-as-root'] : []
  const program = [process.execPath, ...FROM_SOURCES, fileURLToPath(peer('mpi.ts')), JSON.stringify(work)]
  const args = [...root, '--oversubscribe', '-n', `${work.ranks}`, ...program]
  return { program: 'mpirun.openmpi', args, endedBy: 'SIGTERM' }
}

function conclude(work: CollectiveWork, measured: Measured): Conclusion[] {
  const figures = [...measured].map(([contender, values]): Conclusion => {
    const quantity = contender === 'levin' ? 'shared-memory' : contender
    return { kind: 'figure', name: `${work.name}/${quantity}`, value: median(values), unit: 'µs' }
  })
  // Ranks that outnumber processors measure the scheduler as much as the collective.
  return work.ranks > 2 ? figures : [...figures, ...ratios(work.name, 'levin', measured, 'less')]
}

function workOf(work: CollectiveWork, { quick, say }: SuiteOptions): Work {
  const contenders = [
    { name: 'levin', command: () => nodePeer({ script: peer('shared.ts'), args: [JSON.stringify(work)] }) },
    { name: 'open-mpi', command: () => openMpi(work) },
  ]
  return {
    name: work.name,
    unit: 'µs',
    contenders: processContenders(contenders, {
      checkStep: 1,
      quick,
      say,
      toValue: (stepsPerSecond) => 1e6 / stepsPerSecond,
    }),
    conclude: (measured) => conclude(work, measured),
  }
}

export const suite: Suite = {
  what: 'collectives of float32 among ranks of one machine: shared memory beside Open MPI',
  works: (options) => COLLECTIVE_WORKS.map((work) => workOf(work, options)),
}
