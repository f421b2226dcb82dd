// A program that launches a rank in a process, says its number, and waits.
import { register } from 'tsx/esm/api'

register()
const { processes } = await import('../../src/index.ts')
const [program, input] = process.argv.slice(2)
processes().launch({
  program: new URL(program),
  input: JSON.parse(input),
  worldSize: 1,
  modules: [],
  onMessage: (_rank, { pid }) => console.log(pid),
  onOutput: () => {},
})
