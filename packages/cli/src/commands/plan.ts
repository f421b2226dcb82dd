import '../plugins.js'
import { type Accelerator, LevinError, recipeOf } from '@levin/core'
import { type MeasuredModel, MeasuringStrategy, NETWORKS, type Plan, planLayouts } from '@levin/strategies/planner'
import { mergeHparams, type RunDefinition, Trainer } from '@levin/trainer'
import { type ArgsDef, defineCommand } from 'citty'
import { byteCount } from '../byte-count.js'
import { loadRunModule } from '../load-run-module.js'
import { hparamsFrom, trainerOptionsFrom } from '../trainer-flags.js'
import { machineOf } from './plan-machine.js'
import { type PlanReport, planJson, planLines } from './plan-report.js'
import { runArguments } from './run-arguments.js'

/** What of a run changes what is measured. */
const ofRun: ArgsDef = Object.fromEntries(
  Object.entries(runArguments as ArgsDef).filter(([name]) =>
    ['hparams', 'accelerator', 'accumulate-grad-batches', 'strategy', 'strategy-options'].includes(name),
  ),
)

const planArguments = {
  ...ofRun,
  run: runArguments.run,
  devices: { type: 'string', valueHint: 'n', description: 'Workers to plan for', required: true },
  memory: {
    type: 'string',
    valueHint: 'bytes',
    description:
      'Memory of one worker, such as 3GiB. Default: 4GiB where workers have a heap of WebAssembly, else no limit',
  },
  hosts: { type: 'string', valueHint: 'n', description: 'Hosts that the workers are spread over. Default 1' },
  network: {
    type: 'string',
    valueHint: 'name',
    description: `Between hosts: ${NETWORKS.map(({ name }) => name).join(', ')}. Default: the slowest`,
  },
  rows: { type: 'string', valueHint: 'n', description: 'How many layouts to show', default: '12' },
  json: { type: 'boolean', description: 'Print everything as JSON' },
} as const satisfies ArgsDef

/** `levin plan run.ts --devices 8` */
export const plan = defineCommand({
  meta: {
    name: 'plan',
    description:
      'Measure the layers of a run here, and say which layouts of several workers fit and which should be fastest',
  },
  args: planArguments,
  async run({ args }) {
    const options = planOptions(args)
    const definition = await loadRunModule(args.run)
    const { measured, device, microBatches, sharing, sequenceParallel } = await measureRun(definition, args)
    const memory = options.memory ?? (device.capabilities.hostMemory ? HEAP : undefined)
    const planned: Plan = planLayouts(measured, { ...options, memory, microBatches, sequenceParallel })
    const report: PlanReport = {
      run: args.run,
      device: device.name,
      plan: planned,
      measured,
      microBatches,
      memory,
      devices: options.devices,
      hosts: options.machine.hosts ?? 1,
      rows: count(args.rows, '--rows'),
      sharing,
    }
    if (args.json) console.log(JSON.stringify(planJson(report), null, 2))
    else for (const line of planLines(report)) console.log(line)
  },
})

/** A heap of WebAssembly ends here. */
const HEAP = 4 * 2 ** 30

function planOptions({ devices, memory, hosts, network }: Readonly<Record<string, unknown>>) {
  return {
    devices: count(devices, '--devices'),
    memory: memory === undefined ? undefined : byteCount(String(memory), '--memory'),
    machine: machineOf(hosts === undefined ? 1 : count(hosts, '--hosts'), network),
  }
}

function count(value: unknown, flag: string): number {
  const parsed = Number(value)
  if (Number.isSafeInteger(parsed) && parsed >= 1) return parsed
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `${flag} is wrong.`,
    expected: 'a natural number',
    found: `'${value}'`,
  })
}

interface MeasuredRun {
  readonly measured: MeasuredModel
  readonly device: Accelerator
  readonly microBatches: number
  readonly sharing: Readonly<Record<string, string>>
  readonly sequenceParallel: boolean
}

/** Brings the run to its first training step, with its own data, and measures that instead of training. */
async function measureRun(definition: RunDefinition, args: Readonly<Record<string, unknown>>): Promise<MeasuredRun> {
  const merged = mergeHparams(definition.hparams, hparamsFrom(args['hparams']))
  const own = definition.trainer?.(merged) ?? {}
  const given = trainerOptionsFrom(args)
  const { accelerator = own.accelerator, accumulateGradBatches = own.accumulateGradBatches ?? 1 } = given
  const { plan: sharing = {}, sequenceParallel = false } = tensorOptionsOf(given.strategy ?? own.strategy)
  const measuring = new MeasuringStrategy({ plan: sharing })
  const trainer = new Trainer({
    ...(accelerator === undefined ? {} : { accelerator: accelerator as 'auto' }),
    plugins: [...(definition.plugins ?? []), ...(own.plugins ?? [])] as [],
    strategy: measuring,
    seed: own.seed ?? 0,
    clusterEnvironment: false,
    maxEpochs: 1,
    limitTrainBatches: 1,
    limitValBatches: 0,
    loggers: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
  })
  const module = definition.module(merged)
  try {
    await trainer.fit(module, definition.data?.(merged))
    const { measured, accelerator: device } = measuring
    return { measured, device, microBatches: accumulateGradBatches, sharing, sequenceParallel }
  } finally {
    module.dispose()
  }
}

interface TensorOptions {
  readonly plan?: Readonly<Record<string, string>>
  readonly sequenceParallel?: boolean
}

/** How layers are shared under the strategy that the run or the command line names. */
function tensorOptionsOf(strategy: unknown): TensorOptions {
  if (Array.isArray(strategy)) return strategy[1] as TensorOptions
  if (typeof strategy !== 'object' || strategy === null) return {}
  return (recipeOf(strategy)?.options ?? {}) as TensorOptions
}
