/**
 * How ranks may share a linear layer:
 *
 * - `'column'`: each has some of the outputs, and gives those;
 * - `'row'`: each has the weights of some of the inputs, and takes those, as a column layer before it gives them;
 * - `'gatheredColumn'`: as a column layer, but each gives all outputs;
 * - `'vocabulary'`: as a column layer, for `vocabularyCrossEntropy`.
 */
export type LinearStyle = 'column' | 'row' | 'gatheredColumn' | 'vocabulary'

interface Sharing {
  /** Axis of the weight that is divided; its second is that of the bias. */
  readonly axis: 0 | 1
  readonly gathers: boolean
}

export const LINEAR_STYLES: Readonly<Record<LinearStyle, Sharing>> = {
  column: { axis: 1, gathers: false },
  row: { axis: 0, gathers: false },
  gatheredColumn: { axis: 1, gathers: true },
  vocabulary: { axis: 1, gathers: false },
}

export const isLinearStyle = (style: string): style is LinearStyle => Object.hasOwn(LINEAR_STYLES, style)
