import { writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { type HostTensor, isHostTensor } from '@levin/core'
import { defineCommand } from 'citty'
import { openRun } from '../open-run.js'
import { runArguments } from './run-arguments.js'

/** `levin predict run.ts --ckpt-path best --output predictions.jsonl` */
export const predict = defineCommand({
  meta: { name: 'predict', description: 'Run the prediction step and write what it gives, one line of JSON per batch' },
  args: {
    ...runArguments,
    output: { type: 'string', valueHint: 'file', description: 'Where to write', default: 'predictions.jsonl' },
  },
  async run({ args }) {
    const { trainer, run, options } = await openRun(args.run, args)
    const { predictions, rank } = await trainer.predict(run, options)
    const several = predictions.length > 1
    const lines = predictions.flatMap((batches, dataloader) =>
      batches.map((prediction) =>
        JSON.stringify(several ? { dataloader, prediction: plain(prediction) } : plain(prediction)),
      ),
    )
    // Processes that mpirun has started have their own parts of each batch.
    const file = rank.worldSize === 1 ? args.output : withRank(args.output, rank.globalRank)
    await writeFile(file, lines.map((line) => `${line}\n`).join(''))
    console.log(`${lines.length} batches written to ${file}`)
  },
})

/** `predictions-rank-3.jsonl` */
function withRank(file: string, rank: number): string {
  const { dir, name, ext } = parse(file)
  return join(dir, `${name}-rank-${rank}${ext}`)
}

/** Tensors as nested arrays. */
function plain(value: unknown): unknown {
  if (isHostTensor(value)) return nested(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function nested({ data, shape }: HostTensor): unknown {
  if (shape.length === 0) return data[0]
  let values: unknown[] = [...data]
  for (const size of shape.slice(1).reverse()) {
    values = Array.from({ length: size ? values.length / size : 0 }, (_, row) =>
      values.slice(row * size, (row + 1) * size),
    )
  }
  return values
}
