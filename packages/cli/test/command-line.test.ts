import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { finished, fixture, inEmptyFolder } from './levin.js'

const run = fixture('boring-run.ts')

describe.concurrent('levin', { timeout: 120_000 }, () => {
  test('fit trains a TypeScript run module and leaves a run folder; validate, test and predict use its checkpoint', () =>
    inEmptyFolder(async (levin, folder) => {
      const fit = await levin('fit', run, '--max-epochs', '3', '--hparams', 'learningRate=0.05,batches=5')
      expect(fit).toMatchObject({ code: 0 })
      expect(fit.output).toContain('completed after 3 epochs, 15 steps')
      const runFolder = /run folder: (.*)/.exec(fit.output)?.[1] as string
      const checkpoint = /best checkpoint: (.*)/.exec(fit.output)?.[1] as string
      expect(await readdir(join(folder, runFolder))).toEqual(
        expect.arrayContaining(['metrics.csv', 'checkpoints', 'hparams.yaml']),
      )
      const validated = await levin('validate', run, '--ckpt-path', checkpoint)
      const loss = (text: string) => /val\/loss (\S+)/.exec(text)?.[1]
      expect(loss(validated.output)).toBeDefined()
      expect(loss(validated.output)).toBe(loss(fit.output))
      const tested = await levin('test', run, '--ckpt-path', checkpoint)
      expect(tested.output).toMatch(/test\/loss \d/)
      const predicted = await levin('predict', run, '--ckpt-path', checkpoint, '--output', 'out.jsonl')
      expect(predicted.output).toContain('2 batches written to out.jsonl')
      const lines = (await readFile(join(folder, 'out.jsonl'), 'utf8')).trim().split('\n')
      expect(lines.map((line) => JSON.parse(line))).toEqual([expect.any(Array), expect.any(Array)])
      expect(JSON.parse(lines[0] as string)).toHaveLength(4)
    }))

  test('fit goes on from a checkpoint', () =>
    inEmptyFolder(async (levin) => {
      const first = await levin('fit', run, '--max-epochs', '1')
      const checkpoint = /best checkpoint: (.*)/.exec(first.output)?.[1] as string
      const second = await levin('fit', run, '--max-epochs', '3', '--ckpt-path', checkpoint)
      expect(second.output).toContain('completed after 3 epochs, 12 steps')
    }))

  test('a later process finds the best and the last checkpoint in a folder that the run names', () =>
    inEmptyFolder(async (levin) => {
      const kept = fixture('kept-run.ts')
      const missing = await levin('test', kept, '--ckpt-path', 'best')
      expect(missing).toMatchObject({ code: 1 })
      expect(missing.errors).toContain("There is no 'best' checkpoint")
      const fit = await levin('fit', kept)
      const loss = (text: string) => /val\/loss (\S+)/.exec(text)?.[1]
      for (const name of ['best', 'last']) {
        const validated = await levin('validate', kept, '--ckpt-path', name)
        expect(loss(validated.output)).toBe(loss(fit.output))
      }
    }))

  test('SIGTERM stops a fit at a step, with a checkpoint-able state and exit code 143', () =>
    inEmptyFolder(async (_levin, _folder, start) => {
      const child = start(
        'fit',
        run,
        '--max-epochs',
        '1000',
        '--hparams',
        'slow=true',
        '--enable-checkpointing',
        'false',
      )
      const end = finished(child)
      await new Promise<void>((settle) => {
        child.stderr?.once('data', () => setTimeout(settle, 1500))
        setTimeout(settle, 15_000)
      })
      child.kill('SIGTERM')
      const { code, output } = await end
      expect(output).toContain('stopped (SIGTERM)')
      expect(code).toBe(143)
    }))

  test('devices knows the plugins of packages that the project depends on, and tells of those that are broken', () =>
    inEmptyFolder(async (levin, folder) => {
      const modules = join(folder, 'node_modules')
      await mkdir(join(modules, '@levin'), { recursive: true })
      await symlink(
        fileURLToPath(new URL('../../../plugins/accelerator-cuda', import.meta.url)),
        join(modules, '@levin/cuda'),
      )
      await mkdir(join(modules, 'broken'))
      const broken = { exports: { './*': './*', './register': './register.js' }, levin: { register: './register' } }
      await writeFile(join(modules, 'broken/package.json'), JSON.stringify(broken))
      await writeFile(join(modules, 'broken/register.js'), "throw new Error('out of order')")
      const dependencies = { '@levin/cuda': '*', broken: '*', 'not-installed': '*' }
      await writeFile(join(folder, 'package.json'), JSON.stringify({ dependencies }))
      const { code, output } = await levin('devices')
      expect(code).toBe(0)
      expect(output).toMatch(/^. tensorflow: /m)
      expect(output).toMatch(/^✗ cuda: .*\n +Run: npm install @tensorflow\/tfjs-node-gpu/m)
      expect(output).toContain('✗ broken: it cannot be imported: out of order')
      expect(output).not.toContain('not-installed')
    }))

  test('devices says what is usable, what is not, and the line that makes it so', () =>
    inEmptyFolder(async (levin) => {
      const { code, output } = await levin('devices')
      expect(code).toBe(0)
      expect(output).toMatch(/✓ cpu.*taken by 'auto'/)
      expect(output).toContain("accelerator: 'cpu'")
      expect(output).toMatch(/✗ tpu/)
      const json = await levin('devices', '--json')
      expect(JSON.parse(json.output)).toEqual(
        expect.arrayContaining([expect.objectContaining({ name: 'cpu', usable: true })]),
      )
    }))

  test.each<[string, string[], number, RegExp]>([
    [
      'a run module that is not there',
      ['fit', 'nowhere.ts'],
      1,
      /There is no run module 'nowhere\.ts'.*LEVIN_RUN_MODULE/s,
    ],
    [
      'a run module without a default export',
      ['fit', fixture('no-default.ts')],
      1,
      /found no default export.*defineRun/s,
    ],
    [
      'a default export that is no run',
      ['fit', fixture('plain-object.ts')],
      1,
      /found a default export that is an object with module/,
    ],
    [
      'a hyper-parameter that the run lacks',
      ['fit', run, '--hparams', 'learningrate=1'],
      1,
      /no hyper-parameter 'learningrate'.*learningRate, batches, slow/s,
    ],
    [
      'a hyper-parameter of the wrong type',
      ['fit', run, '--hparams', 'batches=many'],
      1,
      /'batches' is wrong.*a number, found 'many'/s,
    ],
    [
      'a flag with a wrong value',
      ['fit', run, '--val-check-interval', '5'],
      1,
      /--val-check-interval is wrong.*steps:<n>/s,
    ],
    ['a reserved accelerator', ['fit', run, '--accelerator', 'gpu'], 1, /WebGPU or for CUDA.*Known here: 'cpu'/s],
    [
      'an unknown strategy',
      ['fit', run, '--strategy', 'ddpp'],
      1,
      /No strategy is called 'ddpp'; known: 'ddp', 'single', 'mesh', 'pipeline', 'tensorParallel', 'zero'/,
    ],
    [
      'an unknown command',
      ['train', run],
      2,
      /levin has no command 'train'\. It has: fit, validate, test, predict, plan, devices/,
    ],
    ['a mistyped option', ['fit', run, '--max-epocs', '1'], 2, /no option '--max-epocs'\. Did you mean --max-epochs\?/],
    ['no run module at all', ['fit'], 2, /run/i],
  ])('%s is refused with what to do', (_what, args, code, message) =>
    inEmptyFolder(async (levin) => {
      const result = await levin(...args)
      expect(result.output + result.errors).toMatch(message)
      expect(result.code).toBe(code)
    }),
  )
})
