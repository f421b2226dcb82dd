import type { StepContext, TensorRanks } from '@levin/core'
import { linear as linearOp } from '@levin/ops'
import { add, type Tensor } from '@tensorflow/tfjs-core'
import { checkInput, refuseInput } from '../check-input.js'
import type { Linear } from '../layers/linear.js'
import { enterShared } from './enter-shared.js'
import { markPart } from './feature-part.js'
import { gatherFeatures } from './gather-features.js'
import { leaveShared } from './leave-shared.js'
import { LINEAR_STYLES, type LinearStyle } from './linear-styles.js'
import { ownPart } from './own-part.js'
import { requireStretch, requireTimeAxis } from './refusals.js'

/** A linear layer of which this rank has some outputs or some inputs. */
export function sharedLinear(
  layer: Linear,
  style: LinearStyle,
  x: Tensor,
  step: StepContext,
  ranks: TensorRanks,
): Tensor {
  if (LINEAR_STYLES[style].axis === 0) return rows(layer, x, ranks)
  requireStretch(layer, x, step)
  return columns(layer, style, x, ranks)
}

// --- Internal helpers ---

function columns(layer: Linear, style: LinearStyle, x: Tensor, ranks: TensorRanks): Tensor {
  checkInput(layer, x, { axes: [layer.inFeatures], leading: true })
  requireTimeAxis(layer, x, 3, ranks)
  const part = ownPart(layer.weight, ranks)
  const entered = layer.isEntered ? x : enterShared(x, ranks)
  const y = markPart(linearOp(entered, layer.weight.value, layer.bias?.value), part)
  if (!LINEAR_STYLES[style].gathers) return y
  return markPart(gatherFeatures(y, part, ranks), { start: 0, whole: part.whole })
}

function rows(layer: Linear, x: Tensor, ranks: TensorRanks): Tensor {
  const { length, whole } = ownPart(layer.weight, ranks)
  if (x.shape[x.rank - 1] === whole && length !== whole) {
    const expected = `[..., ${length}], the part of the ${whole} features that belongs to this rank`
    throw refuseInput(
      layer,
      x,
      expected,
      "Share the layer before it as 'column': a row layer takes what that one gives.",
    )
  }
  checkInput(layer, x, { axes: [length], leading: true })
  requireTimeAxis(layer, x, 3, ranks)
  const y = leaveShared(linearOp(x, layer.weight.value), ranks)
  // Once, and not by every rank: so after the sum.
  return layer.bias ? add(y, layer.bias.value) : y
}
