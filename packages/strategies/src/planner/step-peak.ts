import type { PipelineAction } from '../pipeline/schedules/schedule.js'
import { isAlone, type Layout } from './layout.js'
import { type MeasuredParameter, type MeasuredPiece, parametersOf } from './measured-model.js'
import { betweenPart, elementsOn, innerPart } from './share.js'
import type { Stage } from './stages.js'

/** What a step has in memory when it has most, beyond what is there all the time. Bytes. */
export interface StepPeak {
  readonly gradients: number
  readonly activations: number
}

/**
 * Goes through what a rank does in a step, and says when it has most in memory. A forward leaves activations, which the backward of
 * the same micro-batch frees from the last piece on, while gradients of parameters come: so that without accumulation the peak
 * is neither all activations nor all gradients.
 *
 * @param parts of the model on this rank
 */
export function mostInStep(actions: readonly PipelineAction[], parts: readonly Stage[], layout: Layout): StepPeak {
  const walks = parts.map((part) => new StageBytes(part, layout))
  const arrived = new Map<string, number>()
  let held = 0
  let peak: StepPeak = { gradients: 0, activations: 0 }
  const gradients = (): number => sum([...arrived.values()])
  const note = (ofParameters: number, activations: number): void => {
    if (ofParameters + activations > peak.gradients + peak.activations) peak = { gradients: ofParameters, activations }
  }
  for (const { kind, chunk } of actions) {
    const stage = walks[chunk] as StageBytes
    if (kind === 'forward') {
      held += stage.held
      note(gradients(), held + stage.forwardWorking)
      continue
    }
    if (kind === 'backwardInput') {
      note(gradients(), held + stage.backwardWorking)
      continue
    }
    for (let place = stage.pieces.length - 1; place >= 0; place--) {
      const piece = stage.pieces[place] as PieceBytes
      let fresh = 0
      for (const [path, bytes] of piece.gradients) {
        // What is there already is added to: in place by strategies of several workers, into a sum of its own by `single`.
        if (arrived.has(path)) fresh = Math.max(fresh, isAlone(layout) ? 2 * bytes : bytes)
        arrived.set(path, bytes)
      }
      note(gradients() + fresh, held + piece.recomputed + piece.working)
      held -= piece.held
    }
    held -= stage.received
  }
  note(gradients(), 0)
  return peak
}

interface PieceBytes {
  /** Of one micro-batch from its forward to its backward. */
  readonly held: number
  /** What comes back for its backward, if it is run again. */
  readonly recomputed: number
  /** On the way, with the gradient of its output. */
  readonly working: number
  readonly gradients: readonly (readonly [path: string, bytes: number])[]
}

class StageBytes {
  readonly pieces: readonly PieceBytes[]
  /** What the stage before it gave. */
  readonly received: number
  readonly held: number
  readonly forwardWorking: number
  readonly backwardWorking: number

  constructor({ pieces, passed, receives }: Stage, layout: Layout) {
    const between = betweenPart(layout)
    this.received = receives ? (pieces[0]?.inputBytes ?? 0) * between : 0
    this.pieces = pieces.map((piece, place) => pieceBytes(piece, pieces[place + 1], layout))
    this.held = this.received + sum(this.pieces.map((piece) => piece.held))
    const extra = pieces.map((piece) => piece.forwardWorkingBytes * innerPart(piece, layout))
    const again = this.pieces.map(({ recomputed }, place) => recomputed + (extra[place] as number))
    // A layer that is to run again frees at its end what it has made.
    const own = layout.recompute ? Math.max(...again) : sum(extra)
    this.forwardWorking = own + sum(passed.map((piece) => pieceBytes(piece, undefined, layout).held))
    this.backwardWorking = Math.max(...this.pieces.map(({ working, recomputed }) => working + recomputed))
  }
}

function pieceBytes(piece: MeasuredPiece, next: MeasuredPiece | undefined, layout: Layout): PieceBytes {
  const inner = piece.innerBytes * innerPart(piece, layout) + gatheredBytes(piece, layout)
  const output = piece.outputBytes * betweenPart(layout)
  // What nobody saves is freed at once; a stage's last output is the tape's until its walk, an input that is kept the next piece's.
  const keepsOutput = !next || piece.keepsOutput || next.keepsInput || layout.recompute
  return {
    held: (layout.recompute ? 0 : inner) + (keepsOutput ? output : 0),
    recomputed: layout.recompute ? inner : 0,
    working:
      (piece.backwardWorkingBytes + (layout.recompute ? piece.forwardWorkingBytes : 0)) * innerPart(piece, layout) +
      output,
    gradients: parametersOf([piece])
      .filter(({ trainable }) => trainable)
      .map((parameter): readonly [string, number] => [parameter.path, gradientBytes(parameter, layout)]),
  }
}

/**
 * Where tensor ranks have stretches of sequences, whoever reads a layer that they share gathers whole ones and saves them for its
 * weight's gradient: one for each sum that the stretches come from.
 */
const gatheredBytes = ({ sums }: MeasuredPiece, { context, sequenceParallel }: Layout): number =>
  sequenceParallel ? sum(sums) / context : 0

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

const gradientBytes = (parameter: MeasuredParameter, layout: Layout): number => 4 * elementsOn(parameter, layout)
