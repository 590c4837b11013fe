/** A Redis server for clusters on this machine and for tests of them: a named one, or Debian's. The openssl command makes the tests' certificate. */
import { existsSync } from 'node:fs'
import { ensurePackages } from '../lib/apt.mjs'
import { SetupError } from '../lib/log.mjs'
import { run } from '../lib/run.mjs'

const binary = '/usr/bin/redis-server'
const openssl = '/usr/bin/openssl'

/** @returns {Promise<{ REDIS_SERVER: string } | {}>} empty = there is none for this system; tests say that they are left out */
export async function ensureRedis() {
  const named = process.env.REDIS_SERVER
  if (named) {
    if (!existsSync(named)) throw new SetupError(`REDIS_SERVER names ${named}, which does not exist.`)
    return { REDIS_SERVER: named }
  }
  if (process.platform !== 'linux') return existsSync(binary) ? { REDIS_SERVER: binary } : {}
  const missing = [
    ...(existsSync(binary) ? [] : ['redis-server']),
    ...(existsSync(openssl) ? [] : ['openssl']),
  ]
  if (missing.length === 0) return { REDIS_SERVER: binary }
  const installed = await ensurePackages(missing, 'Redis (several media servers as one)')
  // Debian starts it as a service on 6379. Who had it before keeps it; we installed it for its binary only.
  if (installed.includes('redis-server')) {
    if (existsSync('/run/systemd/system'))
      await run('systemctl', ['disable', '--now', 'redis-server.service'], { allowFailure: true })
    else if (existsSync('/etc/init.d/redis-server'))
      await run('/etc/init.d/redis-server', ['stop'], { allowFailure: true })
  }
  return { REDIS_SERVER: binary }
}
