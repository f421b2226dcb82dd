/** What to do about something that should have been a tensor. */
export function remedyForNoTensor(found: unknown): string {
  if (Array.isArray(found) || ArrayBuffer.isView(found)) {
    return 'A batch holds tensors: make them by tf.tensor() or hostTensor(data, shape), or load the data by a DataLoader.'
  }
  if (typeof found === 'object' && found !== null) {
    return 'Take the tensor out of the batch first, as in predictStep({ x }, step) { return this.net.forward(x, step) }.'
  }
  return 'Check the names of what the batch holds.'
}
