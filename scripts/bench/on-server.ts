/** The server that a bench on the load tool measures: one named by its address, or one of our own started for it. */
import { randomBytes } from 'node:crypto'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { root } from '../lib/run.mjs'
import type { MeetingOptions } from '../load/load-meeting.ts'
import { startMediaClients, wholeNumber } from '../load/tool.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { type BenchReport, toMarkdown, writeDown } from './bench-report.ts'

/** Options that these benches have in common, for parseArgs. */
export const SERVER_OPTIONS = {
  layers: { type: 'string', default: '3' },
  shown: { type: 'string', default: '0' },
  workers: { type: 'string', default: '1' },
  url: { type: 'string' },
  key: { type: 'string' },
  secret: { type: 'string' },
  write: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

export const SERVER_HELP = `  --layers N     of a published picture, 1 to 3 (default 3)
  --shown N      layer that viewers ask for, 0 to 2 (default 0)
  --workers N    media workers of the server that is started (default 1)
  --url URL --key KEY --secret SECRET
                 of another LiveKit server; without them one of ours is started
  --write        put the table into docs/benchmarks.md
  --json
  --help`

export interface ServerValues {
  url?: string | undefined
  key?: string | undefined
  secret?: string | undefined
  layers: string
  shown: string
  workers: string
  write: boolean
  json: boolean
}

type Access = Pick<MeetingOptions, 'url' | 'apiKey' | 'apiSecret'>

const log = (line: string) => console.error(line)

/** Everybody comes from one address here, which the limits of a real server would mind. */
export const NO_LIMITS = {
  SFU_JOINS_PER_MINUTE: '100000',
  SFU_CONNECTIONS_PER_ADDRESS: '10000',
  SFU_VOICES: '10000',
  SFU_WORKER_PLACEMENT: 'fill',
}

/** A media server of our own; the caller stops it. */
export async function startOwn(workers: number): Promise<RunningSfu> {
  const workerBin = await ensureWorker({ root, log, allowApt: true })
  return await startSfu({ workers, env: { ...NO_LIMITS, MEDIASOUP_WORKER_BIN: workerBin } })
}

/**
 * Runs a bench and prints its table, or writes it down.
 *
 * @param mark of its section in docs/benchmarks.md
 * @returns exit code: 0 everything came, 1 something went wrong on the way
 */
export async function benchOnServer(
  values: ServerValues,
  mark: string,
  measure: (clients: RtcClients, options: MeetingOptions & { log: typeof log }) => Promise<BenchReport>,
): Promise<number> {
  const { key, secret } = values
  if (values.url !== undefined && (key === undefined || secret === undefined))
    throw new SetupError('--url needs --key and --secret')
  const layers = wholeNumber('layers', values.layers, 1, 3)
  const shownLayer = wholeNumber('shown', values.shown, 0, 2)
  const workers = wholeNumber('workers', values.workers, 1, 64)
  const clients = await startMediaClients(log)
  const room = `bench-${randomBytes(4).toString('hex')}`
  let stop = async () => {}
  try {
    let access: Access
    if (values.url === undefined) {
      const sfu = await startOwn(workers)
      stop = () => sfu.stop()
      access = { url: sfu.url, apiKey: sfu.apiKey, apiSecret: sfu.apiSecret }
    } else {
      access = { url: values.url.replace(/^ws/, 'http'), apiKey: key!, apiSecret: secret! }
    }
    const report = await measure(clients, { ...access, room, layers, shownLayer, log })
    if (values.write) writeDown(report, mark)
    console.log(values.json ? JSON.stringify(report, null, 2) : toMarkdown(report))
    return report.faults.length === 0 ? 0 : 1
  } finally {
    await clients.close()
    await stop()
  }
}
