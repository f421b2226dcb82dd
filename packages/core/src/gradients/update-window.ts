import type { Gradients } from '../contracts/optimizer.js'
import type { TrainingWindow } from '../contracts/strategy.js'
import { clippingCoefficient } from './clipping.js'

/**
 * The end of a window, once its gradients are whole: hooks see them, clipping by norm finds its coefficient, the optimizer runs.
 *
 * @param gradients of the whole window, over all workers
 * @param onHost read the norm: free where memory is the host's
 */
export function updateWindow(window: TrainingWindow, gradients: Gradients, onHost: boolean): void {
  const chosen = window.beforeUpdate(gradients)
  if (window.clipping?.algorithm !== 'norm') {
    window.update(chosen, undefined)
    return
  }
  const squaredNorm = window.optimizer.squaredNorm(chosen)
  const coefficient = clippingCoefficient(squaredNorm, window.clipping.value, onHost)
  squaredNorm.dispose()
  try {
    window.update(chosen, coefficient)
  } finally {
    if (typeof coefficient !== 'number') coefficient.dispose()
  }
}
