#!/usr/bin/env node
/** Which mediasoup worker is used: a given one, our cached build, the official prebuilt, or else a build of our own. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRunningWorker, ownWorkerPath } from './cache.mjs'
import { buildWorker } from './own-build.mjs'
import { downloadPrebuilt, prebuiltPath } from './prebuilt.mjs'
import { SetupError } from './run.mjs'

const help = `Usage: node scripts/worker/ensure-worker.mjs [--no-apt]

Prints the absolute path of a working mediasoup worker, after getting one if need be:
  1. MEDIASOUP_WORKER_BIN, when it is set
  2. our own build, when it is in the cache
  3. the official prebuilt, when it is there or can be downloaded
     (not tried with MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD=1; a failure is remembered for a day)
  4. our own build on Debian (about 3 minutes on 2 cores), proved by DTLS handshakes and SRTP

Cache: \${XDG_CACHE_HOME:-~/.cache}/diemcau/worker

  --no-apt   never install Debian packages; print the command to run instead (always so when not root)
  --help     this text`

/**
 * @param {object} input
 * @param {string} input.root absolute path of the checkout, whose node_modules has mediasoup
 * @param {(line: string) => void} input.log receives progress, one line at a time
 * @param {boolean} input.allowApt whether Debian packages may be installed (when root)
 * @returns {Promise<string>} absolute path of the worker; rejects with a SetupError whose message is one clear line
 */
export async function ensureWorker({ root, log, allowApt }) {
  const given = process.env.MEDIASOUP_WORKER_BIN
  if (given) {
    const path = resolve(given)
    if (!existsSync(path)) throw new SetupError(`MEDIASOUP_WORKER_BIN is ${path}, which does not exist`)
    return path
  }
  if (!existsSync(join(root, 'node_modules', 'mediasoup', 'package.json')))
    throw new SetupError('mediasoup is not installed: run npm install first')
  if (process.platform === 'linux') {
    const own = ownWorkerPath(root)
    // A cache brought from another machine may lack libraries here; then the build installs them and takes it up.
    if (existsSync(own) && isRunningWorker(own)) return own
  }
  const official = prebuiltPath(root)
  if (existsSync(official) && isRunningWorker(official)) return official
  const downloaded = await downloadPrebuilt({ root, log })
  if (downloaded) return downloaded
  if (process.platform !== 'linux')
    throw new SetupError(
      'the official mediasoup worker cannot be downloaded, and our own build is for Debian: set MEDIASOUP_WORKER_BIN',
    )
  return await buildWorker({ root, log, allowApt })
}

/** The command line. */
async function main() {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const allowApt = !process.argv.includes('--no-apt')
  try {
    console.log(await ensureWorker({ root, log: line => console.error(line), allowApt }))
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error)
    process.exitCode = 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) console.log(help)
  else await main()
}
