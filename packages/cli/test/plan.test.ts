import { describe, expect, test } from 'vitest'
import { byteCount } from '../src/byte-count.js'
import { machineOf } from '../src/commands/plan-machine.js'
import { fixture, inEmptyFolder } from './levin.js'

const gpt = fixture('gpt-run.ts')

describe.concurrent('levin plan', { timeout: 120_000 }, () => {
  test('shows layouts, best first, what it left out, and the command that runs the best', () =>
    inEmptyFolder(async (levin) => {
      const { code, output } = await levin('plan', gpt, '--devices', '2')
      expect(code).toBe(0)
      expect(output).toMatch(/10 layers, .* M parameters, adamW; a batch of 4 takes .* on 'cpu'/)
      expect(output).toMatch(/2 workers of 4\.00 GiB, 8 batches per update/)
      expect(output).toMatch(/^data 2 +yes +.*MiB/m)
      expect(output).toMatch(/^pipeline 2 \(1f1b\) +yes .*wait \d+ % of the time/m)
      expect(output).toMatch(/^left out: tensor 2: no layer is shared/m)
      expect(output).toMatch(
        /The fastest that fits:\n {2}levin fit .*gpt-run\.ts --devices 2 --accumulate-grad-batches 8/,
      )
    }))

  test('its command is one that fit understands: a mesh trains as it says', () =>
    inEmptyFolder(async (levin) => {
      const { output } = await levin('plan', gpt, '--devices', '2', '--json')
      const { layouts } = JSON.parse(output) as { layouts: { name: string; command: string }[] }
      const pipeline = layouts.find(({ name }) => name === 'pipeline 2 (zeroBubble)')
      const [program, ...args] = pipeline?.command.split(' ') ?? []
      expect(program).toBe('levin')
      expect(args.slice(2)).toEqual([
        ...['--devices', '2', '--accumulate-grad-batches', '8'],
        ...['--strategy', 'mesh', '--strategy-options', 'pipeline=2,schedule=zeroBubble'],
      ])
      const fit = await levin(...args, '--max-steps', '1', '--max-epochs', '-1', '--enable-checkpointing', 'false')
      expect(fit.output + fit.errors).toContain('1 steps')
      expect(fit.code).toBe(0)
    }))

  test('plans with the layers that the strategy shares, and says so in its command', () =>
    inEmptyFolder(async (levin) => {
      const sharing = '{"plan":{"net.2":"block","net.3":"block"},"sequenceParallel":true}'
      const given = ['--strategy', 'mesh', '--strategy-options', sharing]
      const { output } = await levin('plan', gpt, '--devices', '2', '--json', ...given)
      const { layouts } = JSON.parse(output) as { layouts: { name: string; command: string }[] }
      expect(layouts.map(({ name }) => name)).toEqual(expect.arrayContaining(['tensor 2', 'tensor 2 (sequences too)']))
      const tensor = layouts.find(({ name }) => name === 'tensor 2')
      expect(tensor?.command).toMatch(
        /--strategy-options '\{"tensor":2,"plan":\{"net\.2":"block","net\.3":"block"\}\}'$/,
      )
    }))

  test('prints JSON with everything, and nothing else', () =>
    inEmptyFolder(async (levin) => {
      const { output } = await levin('plan', gpt, '--devices', '4', '--memory', '1MiB', '--hosts', '2', '--json')
      const plan = JSON.parse(output)
      expect(plan).toMatchObject({ devices: 4, hosts: 2, memory: 2 ** 20, microBatches: 8, accelerator: 'cpu' })
      expect(plan.measured.layers).toHaveLength(10)
      expect(plan.layouts.every(({ fits }: { fits: boolean }) => !fits)).toBe(true)
      expect(plan.layouts[0].reason).toMatch(/ of 1\.0 MiB/)
      expect(plan.impossible.length).toBeGreaterThan(0)
    }))

  test('says so where nothing fits', () =>
    inEmptyFolder(async (levin) => {
      const { code, output } = await levin('plan', gpt, '--devices', '2', '--memory', '1MiB', '--rows', '1')
      expect(code).toBe(0)
      expect(output).toMatch(/^and \d+ more: --rows \d+, or --json$/m)
      expect(output).toContain('None fits.')
    }))

  test('a module that cannot be cut is planned without pipelines, and told what to add', () =>
    inEmptyFolder(async (levin) => {
      const { output } = await levin('plan', fixture('boring-run.ts'), '--devices', '2')
      expect(output).toMatch(/^data 2 +yes/m)
      expect(output).toMatch(/left out: pipeline 2 .*A pipeline cannot tell where to cut BoringModule.*stages\(\)/)
    }))

  test.each<[string, string[], number, RegExp]>([
    ['a run module that is not there', ['nowhere.ts', '--devices', '2'], 1, /There is no run module 'nowhere\.ts'/],
    ['no number of workers', [gpt], 2, /devices/i],
    ['workers that are no number', [gpt, '--devices', 'many'], 1, /--devices is wrong.*a natural number.*'many'/],
    [
      'a memory without a unit that is known',
      [gpt, '--devices', '2', '--memory', '3 gigs'],
      1,
      /--memory is wrong.*GiB/,
    ],
    ['an unknown network', [gpt, '--devices', '2', '--network', 'pigeons'], 1, /--network is wrong.*'10 Gbit\/s'/],
    ['hosts that do not divide the workers', [gpt, '--devices', '4', '--hosts', '3'], 1, /as many on each of 3 hosts/],
    ['an option of fit', [gpt, '--devices', '2', '--max-epochs', '1'], 2, /levin plan has no option '--max-epochs'/],
  ])('%s is refused with what to do', (_what, args, code, message) =>
    inEmptyFolder(async (levin) => {
      const result = await levin('plan', ...args)
      expect(result.output + result.errors).toMatch(message)
      expect(result.code).toBe(code)
    }),
  )
})

test.each([
  ['3GiB', 3 * 2 ** 30],
  ['1.5 GB', 1.5e9],
  ['500MiB', 500 * 2 ** 20],
  ['4096', 4096],
])('%s are %d bytes', (text, bytes) => {
  expect(byteCount(text, '--memory')).toBe(bytes)
})

test('networks are known by their names, however they are spelled; the slowest where none is named', () => {
  const [exact, loose] = [machineOf(2, '10 Gbit/s'), machineOf(2, '10gbit')]
  expect(loose).toEqual(exact)
  expect(machineOf(2, undefined).network?.secondsPerByte).toBeGreaterThan(exact.network?.secondsPerByte ?? 0)
  expect(machineOf(1, undefined).network).toBeUndefined()
})
