/** A TURN server for the tests of relayed media: a named one, or Debian's coturn. */
import { existsSync } from 'node:fs'
import { ensurePackages } from '../lib/apt.mjs'
import { SetupError } from '../lib/log.mjs'
import { run } from '../lib/run.mjs'

const binary = '/usr/bin/turnserver'

/** @returns {Promise<{ TURNSERVER: string } | {}>} for the environment of the tests; empty = they say that they are left out */
export async function ensureCoturn() {
  const named = process.env.TURNSERVER
  if (named) {
    if (!existsSync(named)) throw new SetupError(`TURNSERVER names ${named}, which does not exist.`)
    return { TURNSERVER: named }
  }
  if (existsSync(binary)) return { TURNSERVER: binary }
  if (process.platform !== 'linux') return {}
  const installed = await ensurePackages(['coturn'], 'coturn (tests of relayed media)')
  // Debian starts it as an open service on 3478. Who had it before keeps it; we installed it for its binary only.
  if (installed.includes('coturn') && existsSync('/run/systemd/system'))
    await run('systemctl', ['disable', '--now', 'coturn.service'], { allowFailure: true })
  return { TURNSERVER: binary }
}
