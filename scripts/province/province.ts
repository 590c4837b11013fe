/** `npm run province`: the meeting of a whole province on this machine, through the real product. */
import '../chaos/quiet-sdk.ts'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { disposeNativeSdk } from '../../testing/native-peer.ts'
import { hasProc } from '../chaos/chaos-cluster.ts'
import { Product } from '../chaos/kills/product.ts'
import { SetupError } from '../lib/log.mjs'
import { root } from '../lib/run.mjs'
import { runTool } from '../lib/run-tool.ts'
import { startMediaClients, wholeNumber } from '../load/tool.ts'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { formatProvince } from './province-report.ts'
import { runProvince } from './run-province.ts'

const help = `Usage: npm run province -- [options]

Starts the whole product as npm run cluster does (media servers, Redis, PostgreSQL, recordings, portal) with a data folder and ports of
its own, schedules a recorded meeting with a lobby by the portal's own form, and holds it: halls come with their codes and publish a
picture of 320x180 and a voice, one in five speaks; delegates come with the meeting's code, wait at the door until the chair lets them in,
and see some halls that speak and hear those who speak. All are on the floor by the browser's own client: hands go up and down, the chair
calls. Media of most is by the native load helper (npm run load -- --help), of some by the stock native SDK. One node is killed (kill -9)
on the way.

Prints times to come in, packets, loss, gaps and freezes before and after the kill; who was without media for how long, and when the node
and its people were back; attendance of each hall against what was; the film's length; CPU of every part, with the load tool's own apart,
and whether the machine was saturated.

Exit code: 0 nothing was lost, 1 something was (said in words), 2 it could not be run. Lost packets, gaps and freezes are figures, not losses.

  --halls N       (default 6)
  --delegates N   (default 10)
  --sdk N         of further delegates on the stock native SDK (default 2)
  --minutes N     from when all are in; 0.5 is half a minute (default 1)
  --kill-at N     minute at which a node is killed (default: half of it); none: nothing is killed
  --pictures N    that a delegate sees (default 3); a hall sees one
  --voices N      that each hears (default 8)
  --fps N         pictures a second, 1 to 25; at 25 a picture is 160 kbit/s, with fewer less in proportion (default 10)
  --rate N        people who come in a second (default 20)
  --nodes N       2 to 5 (default 3)
  --workers N     media workers of a node (default 1)
  --no-film       does not wait for the recording's film
  --log FILE      every line of every process, with its time
  --json          print the report as JSON
  --help          this text`

const { values } = parseArgs({
  options: {
    halls: { type: 'string', default: '6' },
    delegates: { type: 'string', default: '10' },
    sdk: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '1' },
    'kill-at': { type: 'string' },
    pictures: { type: 'string', default: '3' },
    voices: { type: 'string', default: '8' },
    fps: { type: 'string', default: '10' },
    rate: { type: 'string', default: '20' },
    nodes: { type: 'string', default: '3' },
    workers: { type: 'string', default: '1' },
    'no-film': { type: 'boolean', default: false },
    log: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** Standard output is the report's alone. */
const print = console.log
console.log = console.error

function minutes(name: string, text: string, most: number): number {
  const value = Number(text)
  if (!(value > 0) || value > most)
    throw new SetupError(`--${name} must be a number of minutes above 0 and up to ${most}`)
  return value * 60
}

async function main(): Promise<number> {
  const seconds = minutes('minutes', values.minutes, 180)
  const killAt = values['kill-at'] ?? String(seconds / 120)
  const killAtS = killAt === 'none' ? undefined : minutes('kill-at', killAt, seconds / 60)
  const sizes = {
    halls: wholeNumber('halls', values.halls, 1, 500),
    delegates: wholeNumber('delegates', values.delegates, 0, 2_000),
    real: wholeNumber('sdk', values.sdk, 0, 50),
    pictures: wholeNumber('pictures', values.pictures, 0, 25),
    voices: wholeNumber('voices', values.voices, 0, 100),
    perSecond: wholeNumber('rate', values.rate, 1, 200),
  }
  const fps = wholeNumber('fps', values.fps, 1, 25)
  const nodes = wholeNumber('nodes', values.nodes, 2, 5)
  const workers = wholeNumber('workers', values.workers, 1, 8)
  if (!hasProc()) throw new SetupError('It looks at processes in /proc, which this system has not.')
  const redisServer = process.env.REDIS_SERVER || '/usr/bin/redis-server'
  if (!existsSync(redisServer)) throw new SetupError(`There is no redis-server at ${redisServer}.`)
  if (!existsSync(path.join(root, 'web/.next/BUILD_ID')))
    throw new SetupError('The portal is not built: npm run province does it before it begins.')
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort())
  const say = (line: string) => console.error(`${new Date().toISOString()} ${line}`)
  const program = await ensureRtcClients({ root, log: say, allowApt: true })
  const clients = await startMediaClients(say, fps)
  try {
    const product = await Product.start({
      nodes,
      workers,
      redisServer,
      logFile: values.log,
      print: () => {},
      signal: ending.signal,
    })
    try {
      const report = await runProvince({
        ...sizes,
        product,
        clients,
        program,
        seconds,
        killAtS,
        ffprobe: process.env.FFPROBE_PATH || 'ffprobe',
        isFilmAwaited: !values['no-film'],
        say,
        signal: ending.signal,
      })
      print(values.json ? JSON.stringify(report, null, 2) : formatProvince(report).join('\n'))
      return report.lost.length === 0 ? 0 : 1
    } finally {
      await product.close()
    }
  } finally {
    await clients.close()
    await disposeNativeSdk()
  }
}

await runTool(values.help ? help : undefined, main, print)
