import { type CheckpointContent, LevinError, type SaveOptions, type SharedSaves, type TensorRecord } from '@levin/core'
import type { FitLoop } from '../loops/fit-loop.js'
import { gatherRanks, onRankZero, together } from '../run/agreement.js'
import type { Run } from '../run/run.js'
import { dealParts, entriesOf } from './deal-parts.js'
import { summariseRun } from './run-state.js'

export interface SaveRunOptions extends SaveOptions {
  readonly weightsOnly: boolean
}

type Summary = Pick<CheckpointContent, 'trainer' | 'manifest'>
type Records = Iterable<TensorRecord> | AsyncIterable<TensorRecord>

/**
 * Saves a checkpoint of the run. All ranks take part: global rank zero writes it, or every rank its part where the strategy saves
 * parts. What fails on one rank fails on all, and leaves nothing. They leave it together.
 */
export async function saveRun(run: Run, fit: FitLoop, location: string, options: SaveRunOptions): Promise<void> {
  await fit.settle()
  const { strategy } = run
  const summary = await together(strategy, () => summariseRun(run, fit, options.weightsOnly))
  if (strategy.savesParts && run.rank.worldSize > 1) return saveParts(run, location, summary, options)
  const model = await take(run, strategy.modelState(run.module))
  const optimizer = options.weightsOnly ? undefined : await take(run, optimizerRecords(run))
  await onRankZero(strategy, async () => {
    const content = { ...summary, model: read(model), ...(optimizer ? { optimizer: read(optimizer) } : {}) }
    await run.checkpointIO.save(location, content, options)
    for (const logger of run.loggers) logger.afterSaveCheckpoint?.(location)
  })
}

/** @throws LEVIN_NOT_SUPPORTED where checkpoints would have to be written in parts, and cannot be */
export function requireStorable({ strategy, checkpointIO, rank }: Run): SharedSaves | undefined {
  if (!strategy.savesParts || rank.worldSize === 1 || checkpointIO.shared) return checkpointIO.shared
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `Under the strategy '${strategy.name}' every rank saves a part of a checkpoint, and the checkpoint storage '${checkpointIO.name}' takes whole ones only.`,
    remedy: 'Use a checkpointIO of @levin/checkpoints, or let the strategy save whole checkpoints if it can.',
  })
}

// Several optimizers may train one parameter in turn: the index keeps their slots apart.
async function* optimizerRecords({ optimizers, strategy }: Run): AsyncIterable<TensorRecord> {
  for (const [index, { optimizer }] of optimizers.entries()) {
    for await (const record of strategy.optimizerState(optimizer))
      yield { ...record, name: `${index}/${record.name}`, data: () => record.data() }
  }
}

/** Records of which the values were read, or why that failed. */
interface Taken {
  readonly records: readonly TensorRecord[]
  readonly failure: { readonly error: unknown } | undefined
}

/**
 * Goes through records with all other ranks, and keeps those of global rank zero. If values cannot be read there it still goes on to
 * the end, since the others wait for it with each record that is gathered.
 */
async function take({ isGlobalZero }: Run, given: Records): Promise<Taken> {
  const records: TensorRecord[] = []
  let failure: Taken['failure']
  for await (const record of given) {
    if (!isGlobalZero || failure) continue
    try {
      const data = await record.data()
      records.push({ ...record, data: () => data })
    } catch (error) {
      failure = { error }
    }
  }
  return { records, failure }
}

function read({ records, failure }: Taken): readonly TensorRecord[] {
  if (failure) throw failure.error
  return records
}

async function saveParts(run: Run, location: string, summary: Summary, options: SaveRunOptions): Promise<void> {
  const { strategy, rank } = run
  const shared = requireStorable(run) as SharedSaves
  const model = await list(strategy.modelState(run.module))
  const optimizer = options.weightsOnly ? [] : await list(optimizerRecords(run))
  const all = [model, optimizer]
  const [ownModel = [], ownOptimizer = []] = dealParts(
    all,
    await gatherRanks(strategy, all.map(entriesOf)),
    rank.globalRank,
  )
  const save = await onRankZero(strategy, () => shared.begin(location, options))
  try {
    const receipt = await together(strategy, () =>
      shared.write(location, {
        save,
        index: rank.globalRank,
        count: rank.worldSize,
        model: ownModel,
        ...(options.weightsOnly ? {} : { optimizer: ownOptimizer }),
      }),
    )
    const receipts = await gatherRanks(strategy, receipt)
    await onRankZero(strategy, async () => {
      await shared.complete(location, summary, receipts, options)
      for (const logger of run.loggers) logger.afterSaveCheckpoint?.(location)
    })
  } catch (error) {
    // Nobody writes any more, or whoever does has lost the others and ends.
    if (run.isGlobalZero) await shared.abandon(location, save).catch(() => undefined)
    throw error
  }
}

async function list(records: Records): Promise<TensorRecord[]> {
  const all: TensorRecord[] = []
  for await (const record of records) all.push(record)
  return all
}
