import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, LevinError } from '../errors.js'
import { closeScopes, type Internals, type TapeNode } from './internals.js'

/** What a gradient function gives: by input, what computes its gradient. */
export type Thunks = Record<string, () => Tensor>

/** Asks a node for the gradients of its inputs. What it computes at once belongs to the open scope. */
export function thunksOf(node: TapeNode, outputGradients: (Tensor | null)[]): Thunks {
  if (node.gradient === undefined) throw noGradient(node.kernelName)
  return node.gradient(outputGradients)
}

/**
 * Computes gradients of a node's inputs, each a kept tensor that nobody else holds, in the scope that its gradient
 * function ran in.
 *
 * A gradient function may return the output's gradient itself, a saved tensor, or one tensor for two inputs; those
 * are handed on as aliases.
 *
 * @param into takes them, also those before one that throws
 * @returns whether one of them was there already: the gradient function had computed it before it was asked for
 */
export function contribute(
  engine: Internals,
  node: TapeNode,
  thunks: Thunks,
  names: readonly string[],
  into: Tensor[],
): boolean {
  const { inputs, kernelName } = node
  const scopes = engine.state.scopeStack.length
  const outer = engine.state.activeScope?.id
  // A scope for each input: the intermediates of one are gone before the next is computed.
  const hasScopes = (node.inputNames as string[]).length > 1
  let wasThere = false
  for (const name of names) {
    const thunk = thunks[name]
    if (thunk === undefined) throw noGradient(kernelName, name)
    if (hasScopes) engine.startScope('input gradient')
    const gradient = thunk()
    const isNew = gradient.scopeId === engine.state.activeScope?.id
    const own = !gradient.kept && (isNew || gradient.scopeId === outer)
    const contribution = engine.keep(own ? gradient : gradient.clone())
    into.push(contribution)
    closeScopes(engine, scopes)
    checkContribution(kernelName, name, contribution, inputs[name] as Tensor)
    if (!isNew) wasThere = true
  }
  return wasThere
}

function checkContribution(kernelName: string, name: string, gradient: Tensor, input: Tensor): void {
  const { shape } = input
  let same = gradient.dtype === input.dtype && gradient.shape.length === shape.length
  for (let i = 0; same && i < shape.length; i++) same = gradient.shape[i] === shape[i]
  if (same) return
  throw new LevinError('LEVIN_SHAPE', {
    expected: `the gradient of ${kernelName} for its input '${name}' to be ${describe(input)}`,
    found: describe(gradient),
    remedy: 'Correct the gradient function: a gradient has the shape and dtype of what it is the gradient of.',
  })
}

function noGradient(kernelName: string, input?: string): LevinError {
  const what = input === undefined ? `The operation ${kernelName}` : `Input '${input}' of the operation ${kernelName}`
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${what} has no gradient, and the loss depends on a parameter through it.`,
    remedy:
      'Use another operation, cut the dependence with untaped(), or give it a gradient with tf.registerGradient or tf.customGrad.',
  })
}
