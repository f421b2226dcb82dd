import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLayers } from '../src/check-layers.js'

interface Fixture {
  readonly layer?: string
  readonly universal?: boolean
  readonly dependencies?: readonly string[]
  readonly devDependencies?: readonly string[]
  readonly sources?: Readonly<Record<string, string>>
}

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'levin-layers-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const versions = (names: readonly string[] = []) => Object.fromEntries(names.map((name) => [name, 'workspace:^']))

/** Writes packages named by folder (`packages/core`) and checks them. */
function check(fixtures: Readonly<Record<string, Fixture>>): string[] {
  for (const [folder, { layer, universal, dependencies, devDependencies, sources }] of Object.entries(fixtures)) {
    const manifest = {
      name: `@levin/${folder.split('/')[1]}`,
      exports: { '.': { '@levin/source': './src/index.ts' } },
      dependencies: versions(dependencies),
      devDependencies: versions(devDependencies),
      nx: { tags: [...(layer ? [`layer:${layer}`] : []), `platform:${universal ? 'universal' : 'node'}`] },
    }
    const files = { 'package.json': JSON.stringify(manifest), 'src/index.ts': 'export {}', ...sources }
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, folder, path)), { recursive: true })
      writeFileSync(join(root, folder, path), text)
    }
  }
  return checkLayers(root)
}

const core: Fixture = { layer: 'core', universal: true }

describe('dependencies', () => {
  it('may point at a layer below', () => {
    expect(check({ 'packages/core': core, 'packages/nn': { layer: 'hub', dependencies: ['@levin/core'] } })).toEqual([])
  })

  it('of the trainer may not point at a hub', () => {
    const trainer = { layer: 'trainer', dependencies: ['@levin/core', '@levin/nn'] }
    expect(check({ 'packages/core': core, 'packages/nn': { layer: 'hub' }, 'packages/trainer': trainer })).toEqual([
      '@levin/trainer (trainer) may not depend on @levin/nn (hub)',
    ])
  })

  it('for the tests of the trainer may point at a hub', () => {
    const trainer = { layer: 'trainer', dependencies: ['@levin/core'], devDependencies: ['@levin/nn'] }
    expect(check({ 'packages/core': core, 'packages/nn': { layer: 'hub' }, 'packages/trainer': trainer })).toEqual([])
  })

  it('of a plugin name one hub, not two', () => {
    const plugin = { layer: 'plugin', dependencies: ['@levin/accelerators', '@levin/loggers'] }
    const hubs = { 'packages/accelerators': { layer: 'accelerators' }, 'packages/loggers': { layer: 'hub' } }
    expect(check({ ...hubs, 'plugins/both': plugin })).toEqual([
      '@levin/both is a plugin of @levin/accelerators and @levin/loggers; one is allowed',
    ])
  })

  it('form no cycle, those for tests included', () => {
    const nn = { layer: 'hub', devDependencies: ['@levin/trainer'] }
    const trainer = { layer: 'trainer', devDependencies: ['@levin/nn'] }
    expect(check({ 'packages/nn': nn, 'packages/trainer': trainer })).toEqual([
      'a cycle of dependencies: @levin/nn → @levin/trainer → @levin/nn',
    ])
  })
})

describe('tags', () => {
  it('are required', () => {
    expect(check({ 'packages/core': {} })).toEqual([expect.stringContaining('@levin/core: its nx.tags name no layer')])
  })

  it('cannot lift a package above the table', () => {
    expect(check({ 'packages/trainer': { layer: 'app' } })).toEqual([
      "@levin/trainer: a package of packages/ may not be of layer 'app'",
    ])
  })
})

describe('imports', () => {
  it('of src are declared for more than tests', () => {
    const sources = { 'src/index.ts': "\nimport { linear } from '@levin/nn/layers'\nexport const layer = linear" }
    const trainer = { layer: 'trainer', devDependencies: ['@levin/nn'], sources }
    expect(check({ 'packages/nn': { layer: 'hub' }, 'packages/trainer': trainer })).toEqual([
      '@levin/trainer: src/index.ts:2 imports @levin/nn, which is not among its dependencies or peerDependencies',
    ])
  })

  it('stay within the package', () => {
    const sources = { 'src/index.ts': "export { a } from '../../core/src/index.js'" }
    expect(check({ 'packages/core': core, 'packages/nn': { layer: 'hub', sources } })).toEqual([
      '@levin/nn: src/index.ts:1 imports ../../core/src/index.js, which is outside its package',
    ])
  })
})

describe('universal packages', () => {
  it('reach no module of Node from their main entry, however far away', () => {
    const sources = {
      'src/index.ts': "export { b } from './b.js'",
      'src/b.ts': "export const b = async () => import('fs/promises')",
    }
    expect(check({ 'packages/core': { ...core, sources } })).toEqual([
      '@levin/core: src/b.ts:1 imports fs/promises, and its main entry must run in a browser',
    ])
  })

  it('may name the types of Node, and use Node behind a subpath', () => {
    const sources = {
      'src/index.ts': "import type { Readable } from 'node:stream'\nexport type A = Readable",
      'src/node.ts': "export { readFile } from 'node:fs/promises'",
    }
    expect(check({ 'packages/core': { ...core, sources } })).toEqual([])
  })

  it('import no tfjs backend', () => {
    const sources = { 'src/index.ts': "import '@tensorflow/tfjs-backend-cpu'" }
    expect(check({ 'packages/nn': { layer: 'hub', universal: true, sources } })).toEqual([
      '@levin/nn: src/index.ts:1 imports @tensorflow/tfjs-backend-cpu: backends belong to accelerators',
    ])
  })
})

describe('the trainer', () => {
  it('compares nothing with the name of a plugin, built in or defined anywhere', () => {
    const strategies = {
      layer: 'strategies',
      sources: { 'src/index.ts': "export const a = definePlugin({ kind: 'strategy', name: 'gossip' })" },
    }
    const sources = {
      'src/index.ts': [
        "export const a = (name: string) => name === 'ddp'",
        "export const b = (name: string) => { switch (name) { case 'gossip': return 1 } }",
        "export const c = (mode: string) => mode === 'max'",
      ].join('\n'),
    }
    const problems = check({ 'packages/strategies': strategies, 'packages/trainer': { layer: 'trainer', sources } })
    expect(problems).toEqual([
      expect.stringContaining("src/index.ts:1 compares with the plugin name 'ddp'"),
      expect.stringContaining("src/index.ts:2 compares with the plugin name 'gossip'"),
    ])
  })
})

describe('the release group', () => {
  const release = (...group: string[]) => {
    mkdirSync(join(root, '.changeset'))
    writeFileSync(join(root, '.changeset', 'config.json'), JSON.stringify({ fixed: [group] }))
  }

  it('names every public package and no other', () => {
    release('@levin/nn', '@levin/gone')
    expect(check({ 'packages/core': core, 'packages/nn': { layer: 'hub' } })).toEqual([
      '@levin/core: is public and not in the fixed group of .changeset/config.json',
      '.changeset/config.json: there is no public package @levin/gone',
    ])
  })
})
