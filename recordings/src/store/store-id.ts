import { randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The name of a shared folder, the same for all who see it; the first recorder gives it one. @throws Node's error. */
export async function storeId(root: string): Promise<string> {
  const path = join(root, 'store-id')
  const draft = `${path}.${randomUUID()}.tmp`
  await writeFile(draft, randomUUID())
  // Linked when it is whole, by one of those who try at once.
  await link(draft, path).catch(error => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(draft)
  return await readFile(path, 'utf8')
}
