/** A Firefox for the conformance tests: a named one, or Debian's. */
import { existsSync } from 'node:fs'
import { ensurePackages } from '../lib/apt.mjs'
import { SetupError } from '../lib/log.mjs'

const candidates = ['/usr/bin/firefox-esr', '/usr/bin/firefox']

/** @returns {Promise<{ FIREFOX: string } | {}>} for the environment of the tests; empty = they say that they are left out */
export async function ensureFirefox() {
  const named = process.env.FIREFOX
  if (named) {
    if (!existsSync(named)) throw new SetupError(`FIREFOX names ${named}, which does not exist.`)
    return { FIREFOX: named }
  }
  const found = candidates.find(file => existsSync(file))
  if (found) return { FIREFOX: found }
  if (process.platform !== 'linux') return {}
  await ensurePackages(['firefox-esr'], 'Firefox (conformance tests)')
  return { FIREFOX: '/usr/bin/firefox-esr' }
}
