import { AppError } from '@diemcau/core/errors.ts'
import { redactingHooks } from '@diemcau/core/log/redact.ts'
import { watchUnexpectedErrors } from '@diemcau/core/process/unexpected-errors.ts'
import { pino } from 'pino'
import { type Config, ConfigError, loadConfig, loadSecrets } from './config.ts'
import { DRAIN_LIMIT_MS } from './rooms-in-cluster.ts'
import { SfuNode } from './sfu-node.ts'

/** The SFU process: configuration, one node, signals. Exit codes: 0 stopped as asked, 1 failed, 78 bad configuration (sysexits EX_CONFIG). */

const EXIT_FAILED = 1
const EXIT_CONFIG = 78
/** A stop that takes longer than this is cut off; the supervisor must not have to. In a cluster people go to other nodes first. */
const STOP_LIMIT_MS = 8_000

function readConfigOrExit(): Config {
  try {
    return loadConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const fault of error.faults) process.stderr.write(`sfu: ${fault}\n`)
    process.exit(EXIT_CONFIG)
  }
}

// Journals and rooms' facts are for this process's user alone.
process.umask(0o077)
const config = readConfigOrExit()
const log = pino({
  level: config.logLevel,
  base: { service: 'sfu', node: config.nodeName },
  hooks: redactingHooks(loadSecrets()),
  timestamp: pino.stdTimeFunctions.isoTime,
})

watchUnexpectedErrors(log)

let node: SfuNode | undefined
let isStopping = false

async function stop(signal: NodeJS.Signals): Promise<void> {
  // Ctrl-C reaches the whole process group and the supervisor passes it on as well: once is enough.
  if (isStopping) return
  isStopping = true
  log.info({ signal }, 'stopping')
  setTimeout(
    () => {
      log.error('stopping took too long')
      process.exit(EXIT_FAILED)
    },
    STOP_LIMIT_MS + (config.cluster ? DRAIN_LIMIT_MS : 0),
  ).unref()
  try {
    await node?.close()
    log.info('stopped')
    process.exit(0)
  } catch (error) {
    log.error({ err: error }, 'stopping failed')
    process.exit(EXIT_FAILED)
  }
}
process.on('SIGTERM', signal => void stop(signal))
process.on('SIGINT', signal => void stop(signal))

try {
  node = await SfuNode.create(config, log)
  log.info({ port: node.port, workers: config.workers, mediaPort: config.mediaPort }, 'sfu ready')
} catch (error) {
  // The operator can act on these; a stack would only hide the line.
  if (error instanceof AppError) process.stderr.write(`sfu: ${error.message}\n`)
  else log.fatal({ err: error }, 'sfu could not start')
  process.exit(EXIT_FAILED)
}
