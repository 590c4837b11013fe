import { redactingHooks } from '@diemcau/core/log/redact.ts'
import { watchUnexpectedErrors } from '@diemcau/core/process/unexpected-errors.ts'
import { pino } from 'pino'
import { loadConfig, loadSecrets } from './config.ts'
import { RecordingsProcess } from './recordings-process.ts'

// What is recorded is for nobody else on this machine; ffmpeg's files follow this too (0600, folders 0700).
process.umask(0o077)
const config = loadConfig()
const log = pino({
  name: 'recordings',
  base: { node: config.nodeName },
  level: config.logLevel,
  hooks: redactingHooks(loadSecrets()),
})
watchUnexpectedErrors(log)

try {
  const recordings = await RecordingsProcess.create(config, log)
  log.info({ port: recordings.port, folder: config.recordingsDir }, 'recordings is ready')

  const stop = async (signal: string) => {
    log.info({ signal }, 'recordings is stopping')
    await recordings.close()
    process.exit(0)
  }
  process.once('SIGTERM', () => void stop('SIGTERM'))
  process.once('SIGINT', () => void stop('SIGINT'))
} catch (error) {
  const isPortTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  if (isPortTaken) log.fatal(`port ${config.port} is in use: set RECORDINGS_PORT to another one`)
  else log.fatal({ err: error }, 'recordings cannot start')
  process.exit(1)
}
