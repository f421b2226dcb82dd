import type { FileFacts } from './manifest.js'
import { sha256 } from './sha256.js'
import type { Chunks, Storage } from './storage.js'

/** Writes a file as its bytes come. */
export async function writeFile(storage: Storage, file: string, chunks: Chunks): Promise<FileFacts> {
  const hash = sha256()
  let size = 0
  const handle = await storage.create(file)
  try {
    for await (const chunk of chunks) {
      hash.update(chunk)
      size += chunk.length
      await handle.write(chunk)
    }
    await handle.close()
  } catch (error) {
    await handle.abort().catch(() => undefined)
    throw error
  }
  return { size, sha256: hash.digest() }
}
