import { cases, type StorageName } from './cases.js'

addEventListener('message', async ({ data }: MessageEvent<[keyof typeof cases, StorageName]>) => {
  const [name, storage] = data
  postMessage(await cases[name](storage))
})
