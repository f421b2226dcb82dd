import koffi, { type LibraryHandle } from 'koffi'
import type { MeasuredCollectives } from './exchange.js'

/** Open MPI in this process, as plain calls through koffi. */
export interface OpenMpi extends MeasuredCollectives {
  readonly rank: number
  readonly size: number
  readonly version: string
  /** Gives everybody what rank 0 has. Whoever waits sleeps. */
  tell(number: number): number
  finalize(): void
}

const MILLISECOND = new Int32Array(new SharedArrayBuffer(4))

function functionsOf(library: LibraryHandle) {
  const bind = (declaration: string) => library.func(declaration) as (...args: unknown[]) => number
  return {
    init: bind('int MPI_Init(void *, void *)'),
    finalize: bind('int MPI_Finalize()'),
    rank: bind('int MPI_Comm_rank(void *, _Out_ int *)'),
    size: bind('int MPI_Comm_size(void *, _Out_ int *)'),
    version: bind('int MPI_Get_library_version(void *, _Out_ int *)'),
    allReduce: bind('int MPI_Allreduce(void *, void *, int, void *, void *, void *)'),
    reduceScatter: bind('int MPI_Reduce_scatter_block(void *, void *, int, void *, void *, void *)'),
    allGather: bind('int MPI_Allgather(void *, int, void *, void *, int, void *, void *)'),
    send: bind('int MPI_Send(void *, int, void *, int, int, void *)'),
    receive: bind('int MPI_Recv(void *, int, void *, int, int, void *, void *)'),
    probe: bind('int MPI_Iprobe(int, int, void *, _Out_ int *, void *)'),
    barrier: bind('int MPI_Barrier(void *)'),
    reduceLocally: bind('int MPI_Reduce_local(void *, void *, int, void *, void *)'),
  }
}

/** Connects this process. Errors are MPI's default: they end the job. */
export function openMpi(): OpenMpi {
  const library = koffi.load('libmpi.so.40')
  const mpi = functionsOf(library)
  const symbol = (name: string) => library.symbol(name, 'void')
  const [world, float, sum] = ['ompi_mpi_comm_world', 'ompi_mpi_float', 'ompi_mpi_op_sum'].map(symbol)
  const inPlace = 1n
  mpi.init(null, null)
  const out = (call: (value: number[]) => number): number => {
    const value = [0]
    call(value)
    return value[0] as number
  }
  const rank = out((value) => mpi.rank(world, value))
  const size = out((value) => mpi.size(world, value))
  const text = Buffer.alloc(8192)
  const length = out((value) => mpi.version(text, value))
  return {
    rank,
    size,
    version: text.toString('latin1', 0, length).split(',')[0] ?? '',
    allReduce: (data) => void mpi.allReduce(inPlace, data, data.length, float, sum, world),
    reduceScatter: (data, target) => void mpi.reduceScatter(data, target, target.length, float, sum, world),
    allGather: (data, target) => void mpi.allGather(data, data.length, float, target, data.length, float, world),
    send: (data, to) => void mpi.send(data, data.length, float, to, 0, world),
    receive: (data, from) => void mpi.receive(data, data.length, float, from, 0, world, null),
    barrier: () => void mpi.barrier(world),
    reduceLocally: (data, target) => void mpi.reduceLocally(data, target, data.length, float, sum),
    tell(number) {
      const told = Float32Array.of(number)
      if (rank === 0) {
        for (let to = 1; to < size; to++) mpi.send(told, 1, float, to, 1, world)
        return number
      }
      // A receive would spin, beside whoever is measured meanwhile.
      while (out((found) => mpi.probe(0, 1, world, found, null)) === 0) Atomics.wait(MILLISECOND, 0, 0, 2)
      mpi.receive(told, 1, float, 0, 1, world, null)
      return told[0] as number
    },
    finalize: () => void mpi.finalize(),
  }
}
