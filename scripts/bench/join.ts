/** How long joining and recovering take for a stock client, here or with any other LiveKit server. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startSfu } from '../../testing/start-sfu.ts'
import { runTool } from '../lib/run-tool.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { SetupError } from '../worker/run.mjs'
import { formatJoins, measureJoins } from './measure-join.ts'

const help = `Usage: npm run bench:join -- [options]

A publisher sends a 640x360 VP8 simulcast picture and a tone. Viewers with the stock livekit-client, each in a page of its
own of one headless Chromium, join one after another; then one of them loses its signalling socket, and its whole
session, some times. Prints p50 and p95 of the time to connect, to the first decoded picture and to recover, and the
load generator's own CPU: where that is near all cores, it has measured itself.

Without --url an SFU with two workers is started for it. With --url any LiveKit server is measured with the same client:

  npm run bench:join -- --url ws://127.0.0.1:7880 --key devkey --secret secret

  --joins N        (default 50)
  --recoveries N   of each kind (default 50; with both defaults it takes five minutes or more)
  --url URL --key KEY --secret SECRET
  --json
  --help`

const { values } = parseArgs({
  options: {
    joins: { type: 'string', default: '50' },
    recoveries: { type: 'string', default: '50' },
    url: { type: 'string' },
    key: { type: 'string' },
    secret: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function main(): Promise<number> {
  const log = (line: string) => console.error(line)
  const [joins, recoveries] = [Number(values.joins), Number(values.recoveries)]
  if (!Number.isInteger(joins) || joins < 1 || !Number.isInteger(recoveries) || recoveries < 0)
    throw new SetupError('--joins must be a whole number above 0 and --recoveries one not below')
  const common = { room: `bench-${randomBytes(4).toString('hex')}`, joins, recoveries, log }
  const print = (report: Awaited<ReturnType<typeof measureJoins>>) =>
    console.log(values.json ? JSON.stringify(report, null, 2) : formatJoins(report).join('\n'))
  if (values.url !== undefined) {
    if (values.key === undefined || values.secret === undefined)
      throw new SetupError('--url needs --key and --secret')
    const url = values.url.replace(/^http/, 'ws')
    print(await measureJoins({ ...common, url, apiKey: values.key, apiSecret: values.secret }))
    return 0
  }
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const sfu = await startSfu({
    workers: 2,
    env: { MEDIASOUP_WORKER_BIN: await ensureWorker({ root, log, allowApt: true }) },
  })
  try {
    const { wsUrl: url, apiKey, apiSecret, pid: notMine } = sfu
    print(await measureJoins({ ...common, url, apiKey, apiSecret, notMine }))
    return 0
  } finally {
    await sfu.stop()
  }
}

await runTool(values.help ? help : undefined, main)
