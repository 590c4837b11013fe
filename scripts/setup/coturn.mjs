/** A TURN server for the tests of relayed media: a named one, or Debian's coturn. The openssl command makes its certificate. */
import { existsSync } from 'node:fs'
import { ensurePackages } from '../lib/apt.mjs'
import { SetupError } from '../lib/log.mjs'
import { run } from '../lib/run.mjs'

const binary = '/usr/bin/turnserver'
const openssl = '/usr/bin/openssl'

/** @returns {Promise<{ TURNSERVER: string } | {}>} for the environment of the tests; empty = they say that they are left out */
export async function ensureCoturn() {
  const named = process.env.TURNSERVER
  if (named) {
    if (!existsSync(named)) throw new SetupError(`TURNSERVER names ${named}, which does not exist.`)
    return { TURNSERVER: named }
  }
  if (process.platform !== 'linux') return existsSync(binary) ? { TURNSERVER: binary } : {}
  const missing = [
    ...(existsSync(binary) ? [] : ['coturn']),
    // Coturn needs the library only, so Debian does not bring the command along.
    ...(existsSync(openssl) ? [] : ['openssl']),
  ]
  if (missing.length === 0) return { TURNSERVER: binary }
  const installed = await ensurePackages(missing, 'coturn (tests of relayed media)')
  // Debian starts it as an open service on 3478. Who had it before keeps it; we installed it for its binary only.
  if (installed.includes('coturn') && existsSync('/run/systemd/system'))
    await run('systemctl', ['disable', '--now', 'coturn.service'], { allowFailure: true })
  return { TURNSERVER: binary }
}
