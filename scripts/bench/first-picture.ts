/** How much later the first picture comes across nodes, and what a cluster costs a join. */
import '../chaos/quiet-sdk.ts'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { disposeNativeSdk } from '../../testing/native-peer.ts'
import { noRedisServer } from '../../testing/redis-server.ts'
import { runTool } from '../lib/run-tool.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { SetupError } from '../worker/run.mjs'
import { formatFirstPictures, measureFirstPictures, tooLate } from './measure-first-picture.ts'

/** docs/cluster.md */
const PROMISED_MS = 200

const help = `Usage: npm run bench:first-picture -- [options]

Starts Redis with three media servers as one, and a server alone, each with one media worker. In each round a stock native SDK
publishes a 640x360 VP8 camera in a new room, and viewers of the same SDK come one after the other: on its node, on another
node that has nobody of the room yet, on that node again; and on the server alone, with a camera of its own. Prints p50 and p95
of the time to connect and to the first decoded picture, since connect() and, of viewers who are in already, since
setSubscribed(); the difference of medians between nodes; and the load generator's own CPU.

Exit code: 0 the picture across nodes comes at most ${PROMISED_MS} ms later (median), 1 later (said in words), 2 it could not be run.

  --rounds N   (default 30, some five minutes)
  --json
  --help`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** Standard output is the report's alone. */
const print = console.log
console.log = console.error

async function main(): Promise<number> {
  const log = (line: string) => console.error(line)
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new SetupError('--rounds must be a whole number above 0')
  if (noRedisServer !== undefined) throw new SetupError(noRedisServer)
  const root = fileURLToPath(new URL('../..', import.meta.url))
  // The servers that are started take it from here.
  process.env.MEDIASOUP_WORKER_BIN = await ensureWorker({ root, log, allowApt: true })
  try {
    const report = await measureFirstPictures({ rounds, log })
    const late = tooLate(report, PROMISED_MS)
    print(values.json ? JSON.stringify(report, null, 2) : formatFirstPictures(report).join('\n'))
    for (const line of late) console.error(line)
    return late.length > 0 ? 1 : 0
  } finally {
    await disposeNativeSdk()
  }
}

await runTool(values.help ? help : undefined, main, print)
