import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { requirePart } from '@levin/real-parts'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** Every process of a suite at the smallest sizes. Peers that are not installed are skipped; nothing is downloaded. */
async function quick(...args: readonly string[]): Promise<{ conclusions: string[]; said: string }> {
  const command = ['--conditions=@levin/source', '--import', 'tsx', main, ...args, '--quick']
  const { LEVIN_REQUIRE: _, ...environment } = process.env
  const options = { cwd: root, env: { ...environment, npm_config_offline: 'true' } }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, options)
  return { conclusions: stdout.trim().split('\n'), said: stderr }
}

// Contenders that do not compute the same end the bench with an error: that it ends well is half of what is tested.
describe('a quick run', () => {
  it.each([
    ['kernels', 'adam-1m', [/^RATIO adam-1m\/tfjs-stock [\d.]+$/]],
    ['startup', 'first-step', [/^FIGURE start-to-first-step\/mnist [\d.]+ ms$/]],
    ['overhead', 'input', [/^FIGURE input-mlp-256\/staged [\d.]+ µs$/, /^FIGURE input-mlp-256\/copied [\d.]+ µs$/]],
    [
      'scaling',
      'small',
      [/^RATIO ddp-2-small\/two-independent [\d.]+$/, /^FIGURE ddp-2-small\/waiting [\d.]+ µs\/step$/],
    ],
    ['overhead', 'trainer-step', [/^FIGURE trainer-step\/bare-loop -?[\d.]+ µs$/]],
  ])(
    'of %s %s ends with its lines',
    async (suite, filter, lines) => {
      const { conclusions } = await quick(suite, filter)
      for (const line of lines) expect(conclusions).toContainEqual(expect.stringMatching(line))
    },
    120_000,
  )

  it.runIf(requirePart('open-mpi'))(
    'sums over two and four ranks as Open MPI does',
    async () => {
      const { conclusions, said } = await quick('collectives', '400kB')
      for (const work of ['all-reduce', 'reduce-scatter', 'all-gather'])
        expect(conclusions).toContainEqual(expect.stringMatching(`^RATIO ${work}-400kB/open-mpi `))
      expect(conclusions).toContainEqual(expect.stringMatching('^FIGURE all-reduce-400kB-4r/open-mpi '))
      expect(said).not.toContain('REFUSED')
    },
    120_000,
  )

  // Once with PyTorch, which comes from elsewhere, and in any case with the peers that npm brings.
  it.runIf(requirePart('python-peers'))(
    'trains every model as PyTorch and Lightning do',
    async () => {
      const { conclusions, said } = await quick('train', 'npm', '--without', 'tfjs-stock')
      for (const model of ['mlp-256', 'mlp-1024', 'cnn', 'gpt', 'lstm']) {
        for (const peer of ['pytorch', 'pytorch-lightning', 'pytorch-lightning-barebones']) {
          expect(conclusions).toContainEqual(expect.stringMatching(`^RATIO ${model}-npm-1t/${peer} `))
        }
      }
      expect(said).not.toContain('REFUSED')
    },
    600_000,
  )

  it('trains every model like the peers do, without OpenBLAS', async () => {
    const { conclusions, said } = await quick(
      'train',
      'npm',
      '--without',
      'pytorch',
      '--without',
      'pytorch-lightning',
      '--without',
      'pytorch-lightning-barebones',
    )
    for (const model of ['mlp-256', 'mlp-1024', 'cnn', 'gpt', 'lstm']) {
      expect(conclusions).toContainEqual(expect.stringMatching(`^RATIO ${model}-npm-1t/levin-bare `))
      expect(conclusions).toContainEqual(expect.stringMatching(`^RATIO ${model}-npm-1t/tfjs-stock `))
    }
    expect(said).not.toContain('REFUSED')
  }, 300_000)
})
