/** The official prebuilt worker, through mediasoup's own post-install script. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir, isRunningWorker, mediasoupVersion } from './cache.mjs'
import { SetupError, tryRun } from './run.mjs'

const defaultLimitMs = 20_000
/** After a day the download is tried once more: the machine may have been offline only then. */
const retryAfterMs = 24 * 3600_000

/** @param {string} root the checkout @returns {string} where mediasoup keeps its worker */
export function prebuiltPath(root) {
  const name = process.platform === 'win32' ? 'mediasoup-worker.exe' : 'mediasoup-worker'
  return join(root, 'node_modules', 'mediasoup', 'worker', 'out', 'Release', name)
}

/** The file that remembers that the download failed on this machine. @param {string} root the checkout */
export function failureMarker(root) {
  return join(cacheDir(), `prebuilt-${mediasoupVersion(root)}-${process.platform}-${process.arch}.failed`)
}

/** @param {string} root the checkout */
function failedRecently(root) {
  const marker = failureMarker(root)
  return existsSync(marker) && Date.now() - statSync(marker).mtimeMs < retryAfterMs
}

/**
 * Downloads the official worker.
 *
 * @param {{ root: string, log: (line: string) => void, limitMs?: number }} input limitMs: when it is cut off
 * @returns {Promise<string | undefined>} its path; undefined when it cannot be had, now or since a failure remembered
 */
export async function downloadPrebuilt({ root, log, limitMs = defaultLimitMs }) {
  if (process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD || failedRecently(root)) return undefined
  log('downloading the official mediasoup worker')
  const env = { ...process.env }
  delete env.MEDIASOUP_WORKER_BIN
  delete env.MEDIASOUP_LOCAL_DEV
  // After a failed download the script goes on to a build with Python and meson, which fetches a dozen more things. A
  // Python that does not exist ends it there.
  env.PYTHON = 'no-local-build'
  const path = prebuiltPath(root)
  const { output, timedOut } = await tryRun(process.execPath, ['npm-scripts.mjs', 'postinstall'], {
    cwd: join(root, 'node_modules', 'mediasoup'),
    env,
    timeoutMs: limitMs,
  })
  if (existsSync(path) && isRunningWorker(path)) {
    rmSync(failureMarker(root), { force: true })
    return path
  }
  // What a download cut off half-way leaves behind must not be taken for a worker by mediasoup itself.
  rmSync(path, { force: true })
  const said =
    /downloadPrebuiltWorker\(\) \| (failed to [^\n]*|no available [^\n]*|[^\n]*fails to run[^\n]*)/.exec(
      output,
    )
  const reason = timedOut ? `no answer within ${limitMs / 1000} s` : (said?.[1] ?? 'it did not arrive')
  log(`the official mediasoup worker is not available: ${reason}`)
  try {
    mkdirSync(dirname(failureMarker(root)), { recursive: true })
    writeFileSync(failureMarker(root), `${new Date().toISOString()} ${reason}\n`)
  } catch (error) {
    throw new SetupError(`${cacheDir()} cannot be written: ${/** @type {Error} */ (error).message}`)
  }
  return undefined
}
