/** MPICH 4.0.2 compares what it calls `MPI_UINT8_T` as numbers with a sign. Flags are not concerned. */
export const mpichFailures = (worldSizes: readonly number[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    worldSizes.map((size) => [`bytes are numbers without a sign, ${size} ranks`, 'MPICH 4.0.2 takes 129 for -127']),
  )
