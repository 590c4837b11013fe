/** A Chromium for the browser tests: a named one, Debian's, or the one Playwright downloaded on a machine with internet. */
import { existsSync } from 'node:fs'
import { ensurePackages } from '../lib/apt.mjs'
import { SetupError } from '../lib/log.mjs'

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** @returns {Promise<{ CHROMIUM: string } | {}>} for the environment of the tests; empty = Playwright's own browser */
export async function ensureChromium() {
  const named = process.env.CHROMIUM
  if (named) {
    if (!existsSync(named)) throw new SetupError(`CHROMIUM names ${named}, which does not exist.`)
    return { CHROMIUM: named }
  }
  const found = candidates.find(file => existsSync(file))
  if (found) return { CHROMIUM: found }
  if (process.platform !== 'linux') return {}
  await ensurePackages(['chromium', 'fonts-dejavu-core'], 'Chromium (browser tests)')
  return { CHROMIUM: '/usr/bin/chromium' }
}
