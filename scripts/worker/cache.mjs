/** Where the built programs are kept, and under which key. Nothing here is slow: it runs on every start. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The folder of this set-up below the user's cache folder; may not exist yet. */
export function cacheDir() {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(base, 'diemcau', 'worker')
}

/** The version of the OpenSSL library that programs are linked with here, or 'none' when there is no such package. */
export function libsslVersion() {
  try {
    // The package is called libssl3, or libssl3t64 where time_t was widened; the other one may be known but absent.
    const text = execFileSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}\\n', 'libssl3*'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return /^installed (\S+)/m.exec(text)?.[1] ?? 'none'
  } catch {
    return 'none'
  }
}

/**
 * A short hash over files of this folder, folders included, by name and content.
 *
 * @param {string[]} names relative to this folder
 */
export function hashOf(names) {
  const hash = createHash('sha256')
  const add = (/** @type {string} */ name) => {
    const path = join(here, name)
    if (statSync(path).isDirectory()) for (const entry of readdirSync(path).sort()) add(`${name}/${entry}`)
    else hash.update(`${name}\0`).update(readFileSync(path)).update('\0')
  }
  for (const name of names) add(name)
  return hash.digest('hex').slice(0, 12)
}

/** @param {string} root the checkout @returns {string} the installed version of mediasoup */
export function mediasoupVersion(root) {
  return JSON.parse(readFileSync(join(root, 'node_modules', 'mediasoup', 'package.json'), 'utf8')).version
}

/** What our own worker depends on: any change of it means another build. @param {string} root the checkout */
export function workerKey(root) {
  const platform = `${process.platform}-${process.arch}`
  return `${mediasoupVersion(root)}-${platform}-libssl-${libsslVersion()}-${hashOf(['ninja-plan.mjs', 'libsrtp.mjs', 'include'])}`.replace(
    /[^\w.+-]/g,
    '_',
  )
}

/** @param {string} root the checkout @returns {string} where our own finished worker is or will be */
export function ownWorkerPath(root) {
  return join(cacheDir(), workerKey(root), 'mediasoup-worker')
}

/**
 * Whether the file is a mediasoup worker that runs on this machine: without MEDIASOUP_VERSION in its environment it ends
 * with code 41 (worker/src/main.cpp), which neither a missing library nor a foreign binary does.
 *
 * @param {string} path
 */
export function isRunningWorker(path) {
  return spawnSync(path, [], { env: {}, stdio: 'ignore', timeout: 5000 }).status === 41
}
