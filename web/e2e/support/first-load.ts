/** What a browser must load before a page works, read from the build: its scripts, compressed as the server sends them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const build = path.join(
  fileURLToPath(new URL('../../', import.meta.url)),
  process.env.NEXT_DIST_DIR || '.next',
)
const json = (file: string) => JSON.parse(readFileSync(path.join(build, file), 'utf8'))

interface ClientManifest {
  /** Scripts by entry: the page, its layouts and its error pages. */
  entryJSFiles: Record<string, string[]>
}

/** Bytes after gzip of all scripts that the page at `route` (a folder of app, such as `(portal)/meetings`) loads at first. */
export function firstLoadBytes(route: string): number {
  const { rootMainFiles } = json('build-manifest.json') as { rootMainFiles: string[] }
  const file = path.join('server/app', route, 'page_client-reference-manifest.js')
  // The file assigns its object to a global of its own.
  const scope: { __RSC_MANIFEST?: Record<string, ClientManifest> } = {}
  new Function('globalThis', readFileSync(path.join(build, file), 'utf8'))(scope)
  const [manifest] = Object.values(scope.__RSC_MANIFEST ?? {})
  if (!manifest) throw new Error(`${file} names no scripts`)
  const scripts = new Set([...rootMainFiles, ...Object.values(manifest.entryJSFiles).flat()])
  return [...scripts]
    .map(name => gzipSync(readFileSync(path.join(build, name.replace(/^\/_next\//, '')))).length)
    .reduce((sum, bytes) => sum + bytes, 0)
}
