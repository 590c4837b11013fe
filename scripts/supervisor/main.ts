/**
 * `npm start` and `npm run cluster`, second half (Node 24): embedded PostgreSQL, migrations, demo data, then portal, media
 * server and recordings under one supervisor until Ctrl-C; in a cluster Redis and several media servers behind one address.
 * Whatever dies is started again.
 */
import { SetupError } from '../lib/log.mjs'
import { readConfig } from './config.ts'
import { Supervisor } from './supervisor.ts'

// Files hold presence, pictures and secrets: whatever is made from here on is the owner's alone.
process.umask(0o077)
const supervisor = new Supervisor(
  (() => {
    try {
      return readConfig()
    } catch (error) {
      console.error(error instanceof SetupError ? error.message : error)
      process.exit(78)
    }
  })(),
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    void supervisor.close(signal).then(() => process.exit())
  })
}
try {
  await supervisor.start()
} catch (error) {
  console.error(error instanceof SetupError ? `✗ ${error.message}` : error)
  process.exitCode = 1
  await supervisor.close('start failed')
}
