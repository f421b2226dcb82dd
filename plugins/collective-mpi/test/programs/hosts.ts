/** A rank of a job over several hosts: all cases one after the other; then, if it is told to, collectives until something fails. */
import { hostname } from 'node:os'
import { soloRank } from '@levin/core'
import { mpi } from '@levin/distributed'
import { endsItsWorld, processGroupBodies } from '@levin/testing'
import { MpiCollective } from '../../src/mpi-collective.js'

const place = mpi().detect(process.env) ?? soloRank
const collective = new MpiCollective({ silence: 1_500 })
if (process.argv[2] === 'for ever') {
  const group = await collective.connect(place)
  console.log(`at work ${place.globalRank}`)
  for (;;) await group.asynchronous.allReduce(new Float32Array(1000), 'sum')
}
for (const [name, body] of Object.entries(processGroupBodies)) {
  if (endsItsWorld(name)) continue
  const group = await collective.connect(place, { deadline: 20_000 })
  await body(group)
  await group.destroy()
}
console.log(`done: rank ${place.globalRank} of ${place.worldSize} on ${hostname()}`)
