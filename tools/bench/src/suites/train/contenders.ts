import type { Command } from '../../contender-process.js'
import { node24, nodePeer } from '../../node-peer.js'
import type { ProcessContender } from '../../process-contender.js'
import { pythonPeer } from '../../python-peer.js'
import { Absent } from '../../suite.js'
import type { Training } from './models.js'

/** Everything about a work that a contender is started with. */
export interface Assignment {
  readonly training: Training
  /** The folder of its material. */
  readonly material: () => Promise<string>
  readonly threads: number
  /** Ours without OpenBLAS. */
  readonly npm: boolean
  readonly quick: boolean
}

type Start = ProcessContender['command']

const peer = (name: string): URL => new URL(`../../peers/${name}`, import.meta.url)

/** Who takes part; those that cannot do the work are not there. */
export function contendersOf(assignment: Assignment): readonly ProcessContender[] {
  const ours: ProcessContender[] = [
    { name: 'levin', command: levin('trainer', assignment), accept: (about) => requireBlas(about, assignment) },
    { name: 'levin-bare', command: levin('bare', assignment) },
  ]
  // The peers in JavaScript have one thread, whatever they are given.
  const javascript = assignment.threads > 1 ? [] : javascriptPeers(assignment)
  return [...ours, ...javascript, ...pytorch(assignment)]
}

function levin(loop: string, { material, threads, npm }: Assignment): Start {
  const environment = npm ? { LEVIN_BLAS: 'off' } : {}
  return async () => nodePeer({ script: peer('levin.ts'), args: [await material(), loop, `${threads}`], environment })
}

/** A work with OpenBLAS that ran without it would be the other one under a wrong name. */
function requireBlas(about: string, { npm, quick }: Assignment): void {
  if (npm || quick || about.includes('blas/')) return
  throw new Absent('levin found no OpenBLAS: this would be the -npm work again.', 'levin devices says how to get it.')
}

function javascriptPeers({ training, material }: Assignment): ProcessContender[] {
  const { kind } = training.model
  const inNode = (script: string, more: readonly string[]): Start => {
    return async () => nodePeer({ script: peer(script), args: [await material(), ...more] })
  }
  // tfjs's wasm backend has no kernels for the gradients of convolutions and embeddings: there its plain backend trains.
  const backend = kind === 'cnn' || kind === 'gpt' ? 'cpu' : 'wasm'
  const stock = { name: 'tfjs-stock', command: inNode('tfjs-stock.ts', [backend]) }
  if (kind === 'gpt' || kind === 'lstm') return [stock]
  const jax = {
    name: 'jax-js',
    command: async () => nodePeer({ script: peer('jax-js.ts'), args: [await material()], node: await node24() }),
  }
  if (kind === 'cnn') return [stock, jax]
  return [stock, { name: 'tfjs-layers', command: inNode('tfjs-layers.ts', ['wasm']) }, jax]
}

function pytorch({ material, threads }: Assignment): ProcessContender[] {
  const inPython = (script: string, more: readonly string[] = []): (() => Promise<Command>) => {
    return async () => pythonPeer(script, [await material(), `${threads}`, ...more], threads)
  }
  return [
    { name: 'pytorch', command: inPython('plain.py') },
    { name: 'pytorch-lightning', command: inPython('with_lightning.py', ['default']) },
    { name: 'pytorch-lightning-barebones', command: inPython('with_lightning.py', ['barebones']) },
  ]
}
