/** A rank that is not let in, and says why. Its argument: how many ranks the environment is to speak of. */
import { LevinError, soloRank } from '@levin/core'
import { mpi } from '@levin/distributed'
import { MpiCollective } from '../../src/mpi-collective.js'

const place = mpi().detect(process.env) ?? soloRank
const worldSize = Number(process.argv[2] ?? place.worldSize)
try {
  await new MpiCollective().connect({ ...place, worldSize })
  console.log('It was let in.')
} catch (error) {
  if (LevinError.isInstance(error)) console.log(`${error.code}: ${error.message}`)
  else throw error
}
