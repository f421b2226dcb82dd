/**
 * The code of checkpoints, which a run without them does without. One that may save is to have asked for it by its first step: what
 * a page loads later may be gone by then, since its site was deployed anew, or the network is.
 */
export const checkpointCode = () => import('./checkpoints.js')
