import type { ArgsDef } from 'citty'
import { trainerArguments } from '../trainer-flags.js'

/** What every command that runs something takes. */
export const runArguments = {
  run: {
    type: 'positional',
    required: true,
    description: 'The run module: a file whose default export is defineRun({ … })',
  },
  'ckpt-path': {
    type: 'string',
    valueHint: 'place',
    description: "A checkpoint to begin from: its folder, 'last' or 'best'",
  },
  hparams: { type: 'string', valueHint: 'name=value,…', description: 'Hyper-parameters of the run to change' },
  ...trainerArguments,
} satisfies ArgsDef
