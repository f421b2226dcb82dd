import { engine, type Tensor, tidy } from '@tensorflow/tfjs-core'

/** Gradients by input name, each computed only when the tape asks for it. */
export type InputGradients<I> = { [K in keyof I]-?: () => Tensor }

/** One op as the tape sees it: one node, whatever it calls inside. */
export interface TapeNode<I extends object, O extends Tensor | Tensor[]> {
  /** The op's name; shown in profiles as `<name>__op`, as tfjs names its own. */
  readonly name: string
  /** The differentiable inputs. What is not listed (labels, ids) has no gradient; an input that is `undefined` is left out. */
  readonly inputs: I
  /**
   * Computes the output below the tape and in a scope of its own: intermediates need no disposal.
   * `save` names what backward needs; tfjs keeps reference-counted clones until the tape is disposed. Called once at most.
   * `isRecorded`: whether there may be a backward, for what is worth computing then only.
   */
  forward(save: (tensors: Tensor[]) => void, isRecorded: boolean): O
  /**
   * Gradients from the output's gradient; `dy` is that of the first output, `dys` has all of them (zeros where nothing
   * depends on one). Each must be a new Tensor object: the tape disposes one it has added to another.
   */
  backward(dy: Tensor, saved: Tensor[], dys: Tensor[]): InputGradients<I>
}

/** Runs an op as one node of tfjs's tape. Its gradient needs nothing in tfjs's gradient registry. */
export function recordNode<I extends object, O extends Tensor | Tensor[]>(node: TapeNode<I, O>): O {
  const inputs = withoutUndefined(node.inputs)
  const isRecorded = isRecording()
  return tidy(`${node.name}__op`, () =>
    tapeEngine().runKernelFunc<O>({
      inputs,
      forwardFunc: (_backend, save) => node.forward(save, isRecorded),
      backwardsFunc(dys, saved) {
        const all = Array.isArray(dys) ? dys : [dys]
        return isRecording() ? guardedGradients(node, inputs, all, saved) : node.backward(all[0] as Tensor, saved, all)
      },
    }),
  )
}

/** Gradients that one kernel computes together. Absent inputs have none. */
export function eagerGradients<I extends object>(
  gradients: { [K in keyof I]-?: Tensor | undefined },
): InputGradients<I> {
  const entries = Object.entries(gradients).map(([name, gradient]) => [name, () => gradient])
  return Object.fromEntries(entries) as InputGradients<I>
}

// --- Internal helpers ---

/** What tfjs's `customGrad` stands on. It is declared private; unlike `customGrad` it computes only the gradients that are needed. */
interface TapeEngine {
  runKernelFunc<O extends Tensor | Tensor[]>(params: {
    inputs: Record<string, Tensor>
    forwardFunc(backend: unknown, save: (tensors: Tensor[]) => void): O
    backwardsFunc(dy: Tensor | Tensor[], saved: Tensor[]): Record<string, () => Tensor>
  }): O
}

const tapeEngine = () => engine() as unknown as TapeEngine

/** Whether a tape records what is called now: in a backward pass, that gradients are taken inside a recorded function. */
function isRecording(): boolean {
  const { gradientDepth, kernelDepth } = engine().state
  return gradientDepth > 0 && kernelDepth === 0
}

/**
 * Gradients as nodes of the outer tape that cannot be differentiated themselves: tfjs links what a node kept to its
 * output too late for that, and would give zero in silence. Using them as constants stays possible.
 */
function guardedGradients<I extends object, O extends Tensor | Tensor[]>(
  node: TapeNode<I, O>,
  inputs: Record<string, Tensor>,
  dys: Tensor[],
  saved: Tensor[],
): Record<string, () => Tensor> {
  const outputGradients = Object.fromEntries(dys.map((dy, index) => [`dy${index}`, dy]))
  const guarded = (name: string) =>
    tapeEngine().runKernelFunc<Tensor>({
      inputs: { ...inputs, ...outputGradients },
      forwardFunc: () =>
        (node.backward(dys[0] as Tensor, saved, dys) as Record<string, () => Tensor>)[name]?.() as Tensor,
      backwardsFunc() {
        throw new Error(
          `${node.name}: expected a first gradient, found a gradient of its gradient, which is not implemented; build the differentiated part from tfjs's own ops`,
        )
      },
    })
  return Object.fromEntries(Object.keys(inputs).map((name) => [name, () => guarded(name)]))
}

// The tape reads the id of every input it is given.
function withoutUndefined(inputs: object): Record<string, Tensor> {
  const defined: Record<string, Tensor> = {}
  for (const [name, tensor] of Object.entries(inputs)) if (tensor !== undefined) defined[name] = tensor as Tensor
  return defined
}
