import { LevinError } from '@levin/core'
import type { HandleName, MpiFamily } from '../abi/family.js'
import type { OpenedMpi } from '../abi/open-library.js'
import type { WorldState } from '../liveness/world-state.js'
import type { Koffi } from './koffi.js'
import { PinnedWords } from './pinned.js'

/** What a parameter is: an address, a handle of the family, a number. */
type Parameter = 'address' | 'handle' | 'int'

const repeated = (...parts: (Parameter | readonly Parameter[])[]): readonly Parameter[] => parts.flat()
const DATA: readonly Parameter[] = ['address', 'int', 'handle']

/** The functions that are called, and their parameters. All return an error code. */
const FUNCTIONS = {
  MPI_Init_thread: ['address', 'address', 'int', 'address'],
  MPI_Initialized: ['address'],
  MPI_Finalized: ['address'],
  MPI_Finalize: [],
  MPI_Abort: ['handle', 'int'],
  MPI_Get_library_version: ['address', 'address'],
  MPI_Error_string: ['int', 'address', 'address'],
  MPI_Comm_rank: ['handle', 'address'],
  MPI_Comm_size: ['handle', 'address'],
  MPI_Comm_idup: ['handle', 'address', 'address'],
  MPI_Comm_split: ['handle', 'int', 'int', 'address'],
  MPI_Comm_free: ['address'],
  MPI_Comm_set_errhandler: ['handle', 'handle'],
  MPI_Test: ['address', 'address', 'address'],
  MPI_Isend: repeated(DATA, 'int', 'int', 'handle', 'address'),
  MPI_Irecv: repeated(DATA, 'int', 'int', 'handle', 'address'),
  MPI_Ibarrier: ['handle', 'address'],
  MPI_Ibcast: repeated(DATA, 'int', 'handle', 'address'),
  MPI_Iallreduce: repeated('address', DATA, 'handle', 'handle', 'address'),
  MPI_Ireduce_scatter_block: repeated('address', DATA, 'handle', 'handle', 'address'),
  MPI_Iallgatherv: repeated(DATA, 'address', 'address', 'address', 'handle', 'handle', 'address'),
  MPI_Igather: repeated(DATA, DATA, 'int', 'handle', 'address'),
  MPI_Iscatter: repeated(DATA, DATA, 'int', 'handle', 'address'),
  MPI_Ialltoall: repeated(DATA, DATA, 'handle', 'address'),
  MPI_Reduce_local: repeated('address', DATA, 'handle'),
} as const satisfies Record<string, readonly Parameter[]>

export type MpiFunction = keyof typeof FUNCTIONS
type Functions = Readonly<Record<MpiFunction, (...parameters: readonly number[]) => number>>

const TEXT_BYTES = 8192

/**
 * An MPI library, opened in this thread. Every call is announced in the world's state, so that the watcher knows when this
 * thread is held inside one.
 */
export class Mpi {
  readonly koffi: Koffi
  readonly family: MpiFamily
  readonly file: string
  readonly handles: Readonly<Record<HandleName, number>>
  readonly #functions: Functions
  readonly #words: PinnedWords
  readonly #text: PinnedWords
  readonly #state: WorldState

  constructor(koffi: Koffi, { library, family, file }: OpenedMpi, state: WorldState) {
    this.koffi = koffi
    this.family = family
    this.file = file
    this.#state = state
    this.#words = new PinnedWords(koffi, 4)
    this.#text = new PinnedWords(koffi, TEXT_BYTES / 4)
    // An intptr_t takes plain numbers, the cheapest thing that koffi takes, and addresses fit into them.
    const types: Record<Parameter, string> = { address: 'intptr_t', handle: family.handle, int: 'int' }
    const names = Object.keys(FUNCTIONS) as MpiFunction[]
    const bind = (name: MpiFunction) => {
      const parameters: readonly Parameter[] = FUNCTIONS[name]
      return library.func(
        name,
        'int',
        parameters.map((each) => types[each]),
      )
    }
    this.#functions = Object.fromEntries(names.map((name) => [name, bind(name)])) as unknown as Functions
    const handle = (value: number | string): number =>
      typeof value === 'number' ? value : Number(koffi.address(library.symbol(value, 'void')))
    const entries = Object.entries(family.handles).map(([name, value]) => [name, handle(value)])
    this.handles = Object.fromEntries(entries) as typeof this.handles
  }

  /** @throws LEVIN_COLLECTIVE with what MPI says */
  call(name: MpiFunction, ...parameters: readonly number[]): void {
    this.#state.enterNative()
    const code = this.#functions[name](...parameters)
    this.#state.leaveNative()
    if (code !== 0) throw this.#error(name, code)
  }

  /** Whether a request is done; its slot is empty then. */
  test(request: number): boolean {
    const flag = this.#words
    this.#state.enterNative()
    const code = this.#functions.MPI_Test(request, flag.address, this.family.statusIgnore)
    this.#state.leaveNative()
    if (code !== 0) throw this.#error('MPI_Test', code)
    return flag.words[0] !== 0
  }

  /** The number that a function writes to its last parameter. */
  number(name: MpiFunction, ...parameters: readonly number[]): number {
    this.call(name, ...parameters, this.#words.address)
    return this.#words.words[0] as number
  }

  /** Begins: with threads, of which one at a time calls. */
  begin(): void {
    if (this.number('MPI_Initialized') !== 0) return
    this.call('MPI_Init_thread', 0, 0, this.family.threadSerialized, this.#words.address)
  }

  /** MPICH 4.0.2 over TCP hung in one of five runs of three ranks (UCX 1.13); MPICH 5.0.2 and Open MPI do not. */
  get hangsInFinalize(): boolean {
    return /mpich|intel|mvapich|cray/i.test(this.version())
  }

  /** The library's own words: `Open MPI v4.1.4, package: …`. Works before it begins. */
  version(): string {
    this.call('MPI_Get_library_version', this.#text.address, this.#words.address)
    return this.#readText().split(/[\n,]/)[0]?.replaceAll(/\s+/g, ' ').trim() ?? this.family.title
  }

  /** The handle that a function wrote into `words`. */
  readHandle(words: PinnedWords): number {
    const [low = 0, high = 0] = words.words
    return this.family.handleBytes === 4 ? low : (low >>> 0) + high * 2 ** 32
  }

  writeHandle(words: PinnedWords, handle: number): void {
    words.words[0] = handle | 0
    words.words[1] = Math.floor(handle / 2 ** 32)
  }

  #readText(): string {
    return new TextDecoder('latin1').decode(new Uint8Array(this.#text.words.buffer, 0, this.#words.words[0]))
  }

  #error(name: MpiFunction, code: number): LevinError {
    this.#functions.MPI_Error_string(code, this.#text.address, this.#words.address)
    return new LevinError('LEVIN_COLLECTIVE', {
      message: `${name} failed: ${this.#readText().trim()}.`,
      remedy: 'Look at what other ranks say: one of them may have ended, or have called another collective.',
    })
  }
}
