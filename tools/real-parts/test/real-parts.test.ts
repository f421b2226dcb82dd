import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { namedParts } from '../src/named-parts.js'
import { installLine } from '../src/parts.js'

// By a constant: a name in the call itself would have it installed by `.ci/run`.
const absent = 'network-namespaces'

describe('a part that is absent', () => {
  let warn: ReturnType<typeof vi.spyOn>
  let requirePart: typeof import('../src/require-part.js')['requirePart']

  beforeEach(async () => {
    vi.resetModules()
    vi.stubEnv('PATH', '')
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    requirePart = (await import('../src/require-part.js')).requirePart
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it('is skipped aloud, once, with the line that installs it', () => {
    vi.stubEnv('LEVIN_REQUIRE', '')
    expect([requirePart(absent), requirePart(absent)]).toEqual([false, false])
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^SKIPPED: .*install -y .*iproute2$/)]])
  })

  it.each(['all', 'mpich, network-namespaces'])('is an error under LEVIN_REQUIRE=%s', (value) => {
    vi.stubEnv('LEVIN_REQUIRE', value)
    expect(() => requirePart(absent)).toThrow(/iproute2.*LEVIN_REQUIRE/)
  })

  it('is skipped where LEVIN_REQUIRE names others', () => {
    vi.stubEnv('LEVIN_REQUIRE', 'openblas')
    expect(requirePart(absent)).toBe(false)
  })
})

describe('the parts to install', () => {
  it('are those that tests name', () => {
    const root = mkdtempSync(join(tmpdir(), 'levin-parts-'))
    mkdirSync(join(root, 'packages', 'kernels', 'test', 'deep'), { recursive: true })
    const call = (name: string) => `describe.runIf(require${'Part'}('${name}'))('x', () => {})`
    writeFileSync(join(root, 'packages/kernels/test/a.test.ts'), `${call('openblas')}\n${call('no-such-part')}`)
    writeFileSync(join(root, 'packages/kernels/test/deep/b.test.ts'), call('mpich'))
    expect(namedParts(root)).toEqual(['mpich', 'openblas'])
    rmSync(root, { recursive: true })
  })

  it('are installed by one line', () => {
    expect(installLine('openblas', 'mpich')).toBe('apt-get install -y --no-install-recommends libopenblas0 mpich')
    const withScript = 'apt-get install -y --no-install-recommends python3-venv && node tools/bench/install-peers.mjs'
    expect(installLine('python-peers')).toBe(withScript)
  })
})
