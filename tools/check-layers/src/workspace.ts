import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Layer, MAY_SEE } from './table.js'

type Versions = Readonly<Record<string, string>>

/** The part of a package.json that the rules read. */
export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly dependencies?: Versions
  readonly peerDependencies?: Versions
  readonly optionalDependencies?: Versions
  readonly devDependencies?: Versions
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly nx?: { readonly tags?: readonly string[] }
}

/** One package of the workspace. */
export interface Package {
  readonly manifest: Manifest
  readonly name: string
  /** `packages`, `plugins`, `examples` or `tools`. */
  readonly group: string
  /** Absolute. */
  readonly folder: string
  readonly layer: Layer | undefined
  /** Whether its main entry must run in a browser: the tag `platform:universal`. */
  readonly universal: boolean
}

/** Every package of the workspace, by name. */
export type Workspace = ReadonlyMap<string, Package>

const GROUPS = ['packages', 'plugins', 'examples', 'tools']

const tagged = (manifest: Manifest, key: string): string | undefined =>
  manifest.nx?.tags?.find((tag) => tag.startsWith(`${key}:`))?.slice(key.length + 1)

const isLayer = (tag: string | undefined): tag is Layer => tag !== undefined && Object.hasOwn(MAY_SEE, tag)

function readPackage(root: string, group: string, entry: string): Package | undefined {
  const folder = join(root, group, entry)
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
  const layer = tagged(manifest, 'layer')
  return {
    manifest,
    name: manifest.name,
    group,
    folder,
    layer: isLayer(layer) ? layer : undefined,
    universal: tagged(manifest, 'platform') === 'universal',
  }
}

/** Every package of the workspace at `root`, by name. */
export function readWorkspace(root: string): Workspace {
  const packages = GROUPS.filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((entry) => readPackage(root, group, entry)))
    .filter((each) => each !== undefined)
  return new Map(packages.map((each) => [each.name, each]))
}

/** What a package brings along when it is installed. */
export const runtimeDependencies = ({ manifest }: Package): string[] => [
  ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }),
]

/** The above and what its tests use: what nx builds first. */
export const allDependencies = (each: Package): string[] => [
  ...new Set([...runtimeDependencies(each), ...Object.keys(each.manifest.devDependencies ?? {})]),
]

/** `@levin/strategies/ddp` → `@levin/strategies`. */
export const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
