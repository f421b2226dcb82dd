import {
  adopt,
  hostTensor,
  keep,
  type MicroBatch,
  type Parameter,
  record,
  type StrategySetup,
  type Tape,
  type TrainingWindow,
  tensorsIn,
  type WeightedLoss,
} from '@levin/core'
import { type Scalar, scalar, type Tensor } from '@tensorflow/tfjs-core'
import type { TensorAccess } from '../group/tensor-access.js'
import { fillForm, formOf, type HostValues, type Message, readValues } from './message.js'
import type { StageSteps } from './stage-pass.js'

/** A micro-batch that went forward through a stage, and has not come back. */
export interface Flight {
  readonly micro: MicroBatch
  readonly stage: number
  readonly tape: Tape<unknown>
  /** What was received, which is this object's. */
  readonly received: readonly Tensor[]
  /** Those of it that have gradients. */
  readonly inputs: readonly Tensor[]
  /** In the last stage. */
  readonly weight: number | undefined
}

export type TakeGradient = (parameter: Parameter, gradient: Tensor) => void

type Accelerator = StrategySetup['accelerator']

/** Runs micro-batches through the stages of one rank. */
export class StageRunner {
  readonly #accelerator: Accelerator
  readonly #access: TensorAccess
  readonly #steps: StageSteps | undefined

  /** @param steps absent where the whole model is one stage */
  constructor(accelerator: Accelerator, access: TensorAccess, steps: StageSteps | undefined) {
    this.#accelerator = accelerator
    this.#access = access
    this.#steps = steps
  }

  /** @param parameters that gradients are wanted for */
  forward(
    window: TrainingWindow,
    micro: MicroBatch,
    stage: number,
    parameters: readonly Parameter[],
    message: Message | undefined,
  ): Flight {
    const received = message ? this.upload(message.values) : []
    const inputs = received.filter(({ dtype }) => dtype === 'float32')
    const activation = message?.form && fillForm(message.form, received)
    let weight: number | undefined
    try {
      const tape = record(
        () =>
          this.#through(stage, activation, () => {
            const weighted: WeightedLoss = window.forward(micro)
            weight = weighted.weight
            return weighted.loss
          }),
        [...parameters.map(({ value }) => value), ...inputs],
      )
      return { micro, stage, tape, received, inputs, weight }
    } catch (error) {
      for (const tensor of received) tensor.dispose()
      throw error
    }
  }

  /** What a stage makes of an activation outside of training; tensors are those of the open scope. */
  evaluate<T>(
    stage: number,
    message: Message | undefined,
    run: () => T,
  ): { readonly value?: T; readonly activation?: unknown } {
    const received = message ? this.upload(message.values).map((tensor) => adopt(tensor)) : []
    const activation = message?.form && fillForm(message.form, received)
    if (!this.#steps) return { value: run() }
    const result = this.#steps.run(stage, activation, run)
    return result.kind === 'end' ? { value: result.value } : { activation: result.activation }
  }

  #through(stage: number, activation: unknown, step: () => Scalar): unknown {
    if (!this.#steps) return step()
    const result = this.#steps.run(stage, activation, step)
    return result.kind === 'end' ? result.value : result.activation
  }

  /** What the next stage gets. */
  async activationOf({ tape }: Flight, time: number): Promise<Message> {
    const values = await readValues(tape.outputs, this.#access)
    return { form: formOf(tape.outputs), values, loss: Number.NaN, weight: Number.NaN, time }
  }

  /** The loss of a micro-batch, in the last stage. */
  async lossOf({ tape }: Flight): Promise<number> {
    const [loss] = tape.tensors as [Tensor]
    const [value = Number.NaN] = this.#access.isSynchronous ? loss.dataSync() : await loss.data()
    return value
  }

  /**
   * Walks back through a stage. `'inputs'` leaves the gradients of parameters for `'rest'`.
   *
   * @param seed the weight of the loss in the last stage; gradients of what was sent in the others, where there are any
   * @param take gets the gradients of parameters, which are its own
   * @returns gradients of what was received, `null` where there is none
   */
  backward(
    flight: Flight,
    half: 'both' | 'inputs',
    seed: number | readonly (Tensor | null)[],
    parameters: readonly Parameter[],
    take: TakeGradient,
  ): (Tensor | null)[] {
    const { tape, inputs } = flight
    const gradients = new Array<Tensor | null>(inputs.length).fill(null)
    const deliver = (_source: Tensor, gradient: Tensor, index: number): void => {
      const parameter = parameters[index]
      if (parameter) take(parameter, gradient)
      else gradients[index - parameters.length] = gradient
    }
    if (!tape.connected.includes(true)) return gradients
    if (half === 'both') tape.backward(seed, deliver)
    else tape.backwardInputs(seed, inputs, deliver)
    return gradients
  }

  rest({ tape }: Flight, parameters: readonly Parameter[], take: TakeGradient): void {
    if (!tape.connected.includes(true)) return
    tape.backwardRest((_source, gradient, index) => take(parameters[index] as Parameter, gradient))
  }

  /** Frees what a flight holds. */
  land({ tape, received }: Flight): void {
    tape.dispose()
    for (const tensor of received) tensor.dispose()
  }

  /** The gradients that came for what a flight has sent, in the order of its tensors. */
  gradientsFor({ tape }: Flight, { values }: Message): (Tensor | null)[] {
    const uploaded = this.upload(values)
    let next = 0
    return tensorsIn(tape.outputs).map(({ dtype }) => (dtype === 'float32' ? (uploaded[next++] ?? null) : null))
  }

  /** What the stage before gets back. A gradient that does not exist is one of zeros. */
  async gradientMessage(
    { inputs }: Flight,
    gradients: readonly (Tensor | null)[],
    notes: Pick<Message, 'loss' | 'weight' | 'time'>,
  ): Promise<Message> {
    if (gradients.every((gradient) => gradient === null)) return { form: undefined, values: [], ...notes }
    const values: HostValues[] = []
    for (const [index, gradient] of gradients.entries()) {
      const { shape } = inputs[index] as Tensor
      const [read] = gradient ? await readValues(gradient, this.#access) : []
      values.push(read ?? { shape, dtype: 'float32', bytes: new Uint8Array(4 * (inputs[index] as Tensor).size) })
    }
    return { form: formOf(values.map(() => 0)), values, ...notes }
  }

  /** Kept tensors. */
  upload(values: readonly HostValues[]): Tensor[] {
    return values.map(({ shape, dtype, bytes }) => {
      const data =
        dtype === 'bool' ? bytes : new VIEWS[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / 4)
      return keep(this.#accelerator.upload(hostTensor(data as Float32Array<ArrayBuffer>, shape)))
    })
  }

  /** A loss for hooks, of a rank that did not compute it. */
  lossTensor(loss: number): Scalar {
    return keep(scalar(loss))
  }
}

const VIEWS = { float32: Float32Array, int32: Int32Array } as const
