/** Saves checkpoints to one place until it is killed: `saver <location> <first step>`. Each line is a save that returned. */
import { diskCheckpoints } from '../../src/node.js'
import { contentOf } from '../support.js'

const [, , location = '', first = '1'] = process.argv
const io = diskCheckpoints()
for (let step = Number(first); ; step++) {
  await io.save(location, contentOf(step, { elements: 1 << 16 }))
  console.log(step)
}
