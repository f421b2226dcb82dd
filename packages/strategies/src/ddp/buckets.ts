/** Gradients that are summed together: in one collective what is small, each in its place what is large. */
export interface Bucket {
  /** Indices of parameters, in the order in which gradients come: the last parameter first. */
  readonly members: readonly number[]
  /** Members that are copied into {@link flat}, from `offset` on. */
  readonly packed: readonly PackedMember[]
  /** Members that are summed in the memory of their own tensors. */
  readonly inPlace: readonly number[]
  readonly flat: Float32Array
}

export interface PackedMember {
  readonly index: number
  readonly offset: number
  readonly size: number
}

export interface BucketOptions {
  /** Bytes at which a bucket is full. Infinity: there is one. */
  readonly bucketBytes: number
  /** Elements from which a gradient is summed in place. */
  readonly inPlaceFrom: number
}

/** The first bucket is small, so that its way to the others begins early (Li et al. 2020, "PyTorch Distributed", § 3.2). */
const FIRST_BUCKET_BYTES = 2 ** 20

/**
 * Divides parameters into buckets, from the last to the first, which is about the order of their gradients. The same on all
 * ranks, whatever order gradients come in.
 *
 * @param sizes elements by parameter
 * @param included the indices that take part
 */
export function planBuckets(
  sizes: readonly number[],
  included: readonly number[],
  { bucketBytes, inPlaceFrom }: BucketOptions,
): Bucket[] {
  const firstBytes = bucketBytes === Infinity ? Infinity : Math.min(FIRST_BUCKET_BYTES, bucketBytes)
  const buckets: Bucket[] = []
  let members: number[] = []
  let bytes = 0
  const close = () => {
    if (members.length > 0) buckets.push(bucketOf(members, sizes, inPlaceFrom))
    members = []
    bytes = 0
  }
  for (const index of included.toReversed()) {
    const size = 4 * (sizes[index] as number)
    const limit = buckets.length === 0 ? firstBytes : bucketBytes
    if (bytes > 0 && bytes + size > limit) close()
    members.push(index)
    bytes += size
  }
  close()
  return buckets
}

function bucketOf(members: readonly number[], sizes: readonly number[], inPlaceFrom: number): Bucket {
  const packed: PackedMember[] = []
  const inPlace: number[] = []
  let offset = 0
  for (const index of members) {
    const size = sizes[index] as number
    if (size >= inPlaceFrom) inPlace.push(index)
    else {
      packed.push({ index, offset, size })
      offset += size
    }
  }
  return { members, packed, inPlace, flat: new Float32Array(offset) }
}
