import { LevinError } from '@levin/core'
import { type ArgsDef, type CommandDef, defineCommand, runCommand, showUsage } from 'citty'
import { unknownArguments } from './unknown-arguments.js'

// Loaded when they are asked for: `levin --help` should not wait for the kernels.
const commands: Readonly<Record<string, () => Promise<CommandDef>>> = {
  fit: async () => (await import('./commands/fit.js')).fit as unknown as CommandDef,
  validate: async () => (await import('./commands/evaluate.js')).validate as unknown as CommandDef,
  test: async () => (await import('./commands/evaluate.js')).test as unknown as CommandDef,
  predict: async () => (await import('./commands/predict.js')).predict as unknown as CommandDef,
  plan: async () => (await import('./commands/plan.js')).plan as unknown as CommandDef,
  devices: async () => (await import('./commands/devices.js')).devices as unknown as CommandDef,
}

const root = defineCommand({
  meta: { name: 'levin', description: 'Train models in TypeScript on any accelerator, under any strategy' },
  subCommands: { ...commands },
})

/**
 * Runs a command line and gives its exit code: 0 for success, 1 for an error, 2 for wrong usage, 128 + n for a run that a
 * signal stopped, and that of a worker that ended by itself.
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const [name = ''] = argv
  const command = Object.hasOwn(commands, name) ? await commands[name]?.() : undefined
  if (!command || argv.includes('--help') || argv.includes('-h')) {
    await showUsage(command ?? root, command ? root : undefined)
    if (command || ['', '--help', '-h'].includes(name)) return name === '' ? 2 : 0
    console.error(`levin has no command '${name}'. It has: ${Object.keys(commands).join(', ')}.`)
    return 2
  }
  const unknown = unknownArguments(name, argv.slice(1), (command.args ?? {}) as ArgsDef)
  if (unknown) {
    console.error(unknown)
    return 2
  }
  process.exitCode = 0
  try {
    await runCommand(command, { rawArgs: argv.slice(1) })
    return Number(process.exitCode)
  } catch (error) {
    return report(error)
  }
}

function report(error: unknown): number {
  // A worker that ended by itself ends the command with its code.
  const { exitCode = 1 } = (error ?? {}) as { exitCode?: number }
  if (LevinError.isInstance(error)) {
    console.error(`${error.message}\n(${error.code})`)
    if (process.env['LEVIN_DEBUG']) console.error(error)
    return exitCode
  }
  const isUsage = error instanceof Error && error.name === 'CLIError'
  console.error(isUsage ? error.message : error)
  return isUsage ? 2 : 1
}
