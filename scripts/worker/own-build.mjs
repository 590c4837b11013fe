/** Our own build of the mediasoup worker on Debian, for machines that cannot download the official one. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDir, isRunningWorker, ownWorkerPath, workerKey } from './cache.mjs'
import { ensurePackages } from './debian.mjs'
import { ensureLibsrtp } from './libsrtp.mjs'
import { correctDtlsTransport, ninjaFile, requiredPackages } from './ninja-plan.mjs'
import { proveWorker } from './proof.mjs'
import { run, SetupError, withLock } from './run.mjs'

const includeDir = fileURLToPath(new URL('include', import.meta.url))

/** Writes only when the content is another one, so that ninja does not recompile what did not change. */
function writeIfChanged(/** @type {string} */ path, /** @type {string} */ text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  writeFileSync(path, text)
}

/**
 * Turns ninja's output lines into at most one progress line a second.
 *
 * @param {(line: string) => void} log
 * @param {() => number} [now] milliseconds
 */
export function progressLines(log, now = Date.now) {
  let last = Number.NEGATIVE_INFINITY
  return (/** @type {string} */ line) => {
    const match = /^\[(\d+)\/(\d+)\] (.*)$/.exec(line)
    if (!match || (now() - last < 1000 && match[1] !== match[2])) return
    last = now()
    log(`[${match[1]}/${match[2]}] ${match[3].split('/').at(-1)}`)
  }
}

/**
 * Builds, proves and caches the worker, unless another set-up has just done so.
 *
 * @param {{ root: string, log: (line: string) => void, allowApt: boolean }} input
 * @returns {Promise<string>} absolute path of the worker; rejects with a SetupError of one line
 */
export async function buildWorker({ root, log, allowApt }) {
  try {
    await ensurePackages(requiredPackages, { log, allowApt, why: 'build the mediasoup worker' })
    // Only now: installing the packages may have brought or changed libssl, which is part of the key.
    const key = workerKey(root)
    const base = cacheDir()
    mkdirSync(base, { recursive: true })
    return await withLock(
      join(base, `${key}.lock`),
      () => log('another set-up is building the mediasoup worker; waiting for it'),
      async () => {
        const path = ownWorkerPath(root)
        if (existsSync(path) && isRunningWorker(path)) return path
        await compile({ root, log, dir: join(base, `build-${key}`), path })
        return path
      },
    )
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOSPC')
      throw new SetupError(`the mediasoup worker cannot be built in ${cacheDir()}: the disk is full`)
    throw error
  }
}

/** @param {{ root: string, log: (line: string) => void, dir: string, path: string }} input */
async function compile({ root, log, dir, path }) {
  const workerDir = join(root, 'node_modules', 'mediasoup', 'worker')
  mkdirSync(join(dir, 'FBS'), { recursive: true })
  const { bavail, bsize } = statfsSync(dir)
  if (bavail * bsize < 200e6)
    throw new SetupError(`building the mediasoup worker needs 200 MB free in ${cacheDir()}`)

  const started = Date.now()
  const srtpDir = await ensureLibsrtp({ dir, log })
  const correctedDtls = join(dir, 'DtlsTransport.cpp')
  writeIfChanged(
    correctedDtls,
    correctDtlsTransport(readFileSync(join(workerDir, 'src/RTC/DtlsTransport.cpp'), 'utf8')),
  )
  const schemas = readdirSync(join(workerDir, 'fbs')).filter(name => name.endsWith('.fbs'))
  writeIfChanged(
    join(dir, 'build.ninja'),
    ninjaFile({
      workerDir,
      includeDir,
      srtpDir,
      correctedDtls,
      mesonText: readFileSync(join(workerDir, 'meson.build'), 'utf8'),
      libwebrtcMesonText: readFileSync(join(workerDir, 'deps/libwebrtc/meson.build'), 'utf8'),
      schemas: schemas.sort().map(name => join(workerDir, 'fbs', name)),
    }),
  )
  log(`compiling the mediasoup worker on ${availableParallelism()} cores, some minutes`)
  // A ninja that outlived a killed set-up still holds this second lock, so that two never write the same objects.
  await run('flock', [join(dir, 'ninja.lock'), 'ninja', '-j', String(availableParallelism())], {
    cwd: dir,
    onLine: progressLines(log),
    what: 'compiling the mediasoup worker',
    // Without a terminal width ninja prints one plain line a step.
    env: { ...process.env, NINJA_STATUS: '[%f/%t] ', TERM: 'dumb' },
  })
  const built = join(dir, 'mediasoup-worker')
  if (!isRunningWorker(built))
    throw new SetupError(`the mediasoup worker was built but does not run: ${built}`)

  log('proving the worker: DTLS handshakes and SRTP both ways')
  const proof = await proveWorker(built, { root, log, srtpDir })
  if (!proof.passed)
    throw new SetupError(`the mediasoup worker was built but fails its proof: ${proof.reason}`)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(join(path, '..', 'proof.json'), `${JSON.stringify(proof, null, 2)}\n`)
  // The library stays beside the worker for the media clients of the load tests.
  rmSync(join(path, '..', 'libsrtp'), { recursive: true, force: true })
  renameSync(srtpDir, join(path, '..', 'libsrtp'))
  // Last, and at once: whoever sees the worker sees a whole and proved one.
  renameSync(built, path)
  rmSync(dir, { recursive: true, force: true })
  log(`the mediasoup worker is ready after ${Math.round((Date.now() - started) / 1000)} s: ${path}`)
}
