import type { Koffi, NativeLibrary } from '../native/koffi.js'
import type { MpiFamily } from './family.js'
import { FAMILIES, type MpiLauncher } from './launchers.js'

/** A library of MPI that was opened, and its family. */
export interface OpenedMpi {
  readonly library: NativeLibrary
  readonly family: MpiFamily
  /** Name or path under which it was opened. */
  readonly file: string
}

/** Why there is none: everything that was tried. */
export interface NoMpi {
  readonly reason: string
  readonly remedy: string
}

/** What brings a family onto Debian and Ubuntu. */
const INSTALL: Readonly<Record<MpiFamily['name'], string>> = {
  'open-mpi': 'apt-get install openmpi-bin libopenmpi3',
  mpich: 'apt-get install mpich',
  'mpi-abi': 'pip install mpich',
}

/**
 * Opens the library that belongs to the launcher.
 *
 * @param file a path or a name instead of the usual ones; whether it belongs to the launcher is seen after MPI_Init
 */
export function openMpiLibrary(koffi: Koffi, launcher: MpiLauncher, file: string | undefined): OpenedMpi | NoMpi {
  applySettings(koffi)
  const wanted = launcher.families.map((name) => FAMILIES[name])
  const files = file === undefined ? wanted.flatMap(({ libraries }) => libraries) : [file]
  const failures: string[] = []
  for (const each of files) {
    try {
      const library = koffi.load(each)
      const family = familyOf(library, each)
      if (file !== undefined || wanted.includes(family)) {
        keepLoaded(koffi, each)
        return { library, family, file: each }
      }
      failures.push(`${each} is ${family.title}`)
    } catch (error) {
      failures.push(reasonOf(each, error))
    }
  }
  const [first] = wanted as [MpiFamily]
  const families = wanted.map(({ title }) => title).join(' or ')
  return {
    reason:
      file === undefined
        ? `this process was started by ${launcher.title}, and no library of ${families} was found (${failures.join(', ')}).`
        : `'${file}' cannot be opened: ${failures.join(', ')}.`,
    remedy: `Install one (${INSTALL[first.name]}), or name its library: mpi({ library: '/path/to/libmpi.so' }) or LEVIN_MPI.`,
  }
}

/**
 * What libraries read as they are loaded, unless the user has set it. All of it is for UCX, over which MPICH and Open MPI may
 * move data:
 * - it tries its hooks on memory with `sbrk`, there and back, while other threads of Node take memory: one of forty processes
 *   ended with a broken heap (UCX 1.13 and 1.20), of 270 without the hooks none. They serve InfiniBand, to register memory once.
 * - it takes the signal by which V8 learns that WebAssembly left its memory, and a trap ended the process.
 */
const SETTINGS: Readonly<Record<string, string>> = { UCX_MEM_EVENTS: 'n', UCX_HANDLE_ERRORS: 'none' }

/** By the C library: a worker's `process.env` is a copy that libraries do not see. */
function applySettings(koffi: Koffi): void {
  const setenv = koffi.load(null).func('setenv', 'int', ['str', 'str', 'int'])
  for (const [name, value] of Object.entries(SETTINGS)) setenv(name, value, 0)
}

const RTLD_LAZY = 1

/** koffi takes libraries away when the process ends, and threads of MPI still run in them: one of five runs crashed then. */
function keepLoaded(koffi: Koffi, file: string): void {
  koffi.load(null).func('dlopen', 'void *', ['str', 'int'])(file, RTLD_LAZY)
}

function familyOf(library: NativeLibrary, file: string): MpiFamily {
  const families = Object.values(FAMILIES)
  const found = families.find(
    ({ known }) => known.file?.test(file) || (known.symbol && hasSymbol(library, known.symbol)),
  )
  return found ?? (families.at(-1) as MpiFamily)
}

function hasSymbol(library: NativeLibrary, name: string): boolean {
  try {
    library.symbol(name, 'void')
    return true
  } catch {
    return false
  }
}

function reasonOf(file: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return /no such file|not found|cannot find/i.test(message) ? `no ${file}` : message
}
