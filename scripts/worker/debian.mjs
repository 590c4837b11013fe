/** Debian packages: which are missing, and installing them when that is allowed. */
import { spawnSync } from 'node:child_process'
import { run, SetupError } from './run.mjs'

/**
 * @param {string[]} packages
 * @returns {string[]} those that are not installed
 */
export function missingPackages(packages) {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n', ...packages], {
    encoding: 'utf8',
  })
  if (query.error)
    throw new SetupError(
      'building the mediasoup worker needs Debian or Ubuntu; elsewhere set MEDIASOUP_WORKER_BIN to a worker of your own',
    )
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter(line => line.endsWith(' installed'))
      .map(line => line.split(' ')[0]),
  )
  return packages.filter(name => !installed.has(name))
}

/**
 * Installs the packages that are missing when we are root and may; otherwise rejects with the one command to run.
 *
 * @param {string[]} packages
 * @param {{ log: (line: string) => void, allowApt: boolean, why: string }} options `why` completes "... is needed to"
 */
export async function ensurePackages(packages, { log, allowApt, why }) {
  const missing = missingPackages(packages)
  if (missing.length === 0) return
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`
  const isRoot = process.getuid?.() === 0
  if (!allowApt || !isRoot) {
    const asRoot = isRoot ? command : `sudo sh -c '${command}'`
    throw new SetupError(`Debian packages are missing that are needed to ${why}. Run: ${asRoot}`)
  }
  log(`installing Debian packages: ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const lock = ['-o', 'DPkg::Lock::Timeout=120']
  const timeoutMs = 600_000
  await run('apt-get', [...lock, 'update'], { env, timeoutMs, what: 'apt-get update' })
  await run('apt-get', [...lock, 'install', '-y', '--no-install-recommends', ...missing], {
    env,
    timeoutMs,
    what: `apt-get install ${missing.join(' ')}`,
  })
}
