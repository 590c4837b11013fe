/** Debian packages that set-up may need: installed when we are root, else the one command to run is said. */
import { existsSync } from 'node:fs'
import { SetupError, say } from './log.mjs'
import { run, toolEnv } from './run.mjs'

const isDebian = () => existsSync('/usr/bin/apt-get')
const isRoot = () => process.getuid?.() === 0

/**
 * Makes sure the packages are installed.
 *
 * @param {string[]} packages Debian package names
 * @param {string} purpose what they are needed for, for the messages
 * @returns {Promise<string[]>} those that were missing and are installed now
 */
export async function ensurePackages(packages, purpose) {
  if (!isDebian())
    throw new SetupError(`${purpose} is missing: install it with your system's package manager.`)
  const missing = []
  for (const name of packages) {
    const { output } = await run('dpkg-query', ['-W', '-f=${db:Status-Abbrev}', name], { allowFailure: true })
    if (!output.startsWith('ii')) missing.push(name)
  }
  if (missing.length === 0) return []
  if (!isRoot()) {
    throw new SetupError(`${purpose} is missing. Run once: sudo apt-get install -y ${missing.join(' ')}`)
  }
  const env = toolEnv({ DEBIAN_FRONTEND: 'noninteractive' })
  say(`Installing ${missing.join(', ')} (for ${purpose})`)
  await run('apt-get', ['update', '-qq'], { env, label: 'apt-get update' })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
    label: 'apt-get install',
  })
  return missing
}
