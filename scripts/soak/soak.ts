/** Command line of the soak: visitors that come, act and go at random for a long time, then a look at what was left. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runTool } from '../lib/run-tool.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { runSoak } from './run-soak.ts'
import { formatSoak } from './soak-report.ts'

const help = `Usage: npm run soak -- [options]

Starts an SFU with two workers and 20 participants on the stock native SDK that join, leave, vanish, publish, subscribe
and unsubscribe, get muted, send data and lose their signalling connection at random. When everybody is out, no room,
transport, producer, consumer, data producer or consumer, pipe, timer or listener may be left, in Node's heap and in the
workers; and after 30 minutes memory may be at most 10 % over what it was at the first quiet moment, after minute 5.
At least 80 % of the joins must succeed; with fewer the machine or the server was too slow for the rest to say anything.

The participants live in processes of five, which are replaced every three minutes: the native SDK keeps memory and now
and then crashes. A crash is printed, and its participants have vanished as far as the server is concerned.

Exit code: 0 nothing was left, 1 something was, 2 it could not be run.

  --minutes N         (default 30; fractions allowed; memory is judged from 15 on)
  --participants N    (default 20)
  --seed N            repeats the choices of an earlier run (default: a new one, printed)
  --quick             close all rooms by the API instead of letting one run into its own timers,
                      and send no webhooks
  --json              print the report as JSON
  --help              this text`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    participants: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function number(name: 'minutes' | 'participants' | 'seed', least: number, most: number): number {
  const value = Number(values[name])
  if (!Number.isFinite(value) || value < least || value > most)
    throw new Error(`--${name} must be a number from ${least} to ${most}`)
  return value
}

async function main(): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const options = {
    seconds: number('minutes', 0.1, 24 * 60) * 60,
    participants: Math.round(number('participants', 1, 100)),
    seed: Math.round(number('seed', 0, 2 ** 32 - 1)),
    isQuick: values.quick,
  }
  const say = (line: string) => console.error(line)
  const workerBin = await ensureWorker({ root, log: say, allowApt: true })
  const log = (line: string) => say(`${new Date().toISOString()} ${line}`)
  const report = await runSoak({ ...options, workerBin, log })
  console.log(values.json ? JSON.stringify(report, null, 2) : formatSoak(report).join('\n'))
  return report.faults.length === 0 ? 0 : 1
}

await runTool(values.help ? help : undefined, main)
