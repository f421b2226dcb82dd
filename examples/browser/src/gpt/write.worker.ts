import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import { loadModule } from '@levin/checkpoints'
import { type Tensor3D, tensor2d, tidy } from '@tensorflow/tfjs-core'
import { CharGpt } from './char-gpt.js'
import { encode } from './text-data.js'

/** To the writer. */
export type WriteOrder =
  /** Writes on by this model. */
  | { readonly type: 'model'; readonly checkpoint: string }
  /** Begins anew. */
  | { readonly type: 'prompt'; readonly prompt: string; readonly temperature: number }

/** From the writer: what it wrote next. */
export interface Written {
  readonly text: string
}

const MILLISECONDS_PER_CHARACTER = 30

let model: CharGpt | undefined
let prompt = '\n'
let temperature = 0.8
let written: string[] = ['\n']

addEventListener('message', async ({ data }: MessageEvent<WriteOrder>) => {
  if (data.type === 'prompt') {
    prompt = data.prompt === '' ? '\n' : data.prompt
    temperature = data.temperature
    written = [...prompt]
  } else {
    // The checkpoint may have been replaced meanwhile; the next one comes soon.
    const next = await loadModule(CharGpt, data.checkpoint, { accelerator: 'cpu' }).catch(() => undefined)
    if (!next) return
    model?.dispose()
    model = next
  }
})

function writeOne(gpt: CharGpt): string {
  const { alphabet, context } = gpt.hparams
  const seen = encode(written.slice(-context).join(''), alphabet)
  const scores = tidy(() => {
    const logits = gpt.predict<Tensor3D>(tensor2d(seen, [1, seen.length], 'int32'))
    return logits.dataSync<'float32'>().slice(-[...alphabet].length)
  })
  return [...alphabet][draw(scores)] as string
}

/** Draws an index by softmax(scores / temperature). */
function draw(scores: Float32Array): number {
  const most = scores.reduce((a, b) => Math.max(a, b))
  const weights = scores.map((score) => Math.exp((score - most) / temperature))
  let left = Math.random() * weights.reduce((a, b) => a + b, 0)
  for (const [index, weight] of weights.entries()) {
    left -= weight
    if (left <= 0) return index
  }
  return weights.length - 1
}

setInterval(() => {
  if (!model) return
  const character = writeOne(model)
  written.push(character)
  if (written.length > 4096) written = written.slice(-512)
  postMessage({ text: character } satisfies Written)
}, MILLISECONDS_PER_CHARACTER)
