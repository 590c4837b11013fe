/** Command line of the load tool: many viewers and a few publishers in one room, without a browser. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureRtcClients, RtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { formatReport, runLoad } from './run-load.ts'

const help = `Usage: node scripts/load/viewers.ts [options]

Joins a room of a running SFU over LiveKit's signalling: publishers that each send one opus (50 packets/s) and one VP8
stream (104 packets/s, 1 Mbit/s), and viewers that only receive. Media is real ICE, DTLS and SRTP, by a small native
process that is compiled on first use. Every receiver must get every stream, by the SSRC it was offered, with payloads
as they were sent.

Prints packets received and lost, and the CPU of the SFU's node and workers (when it runs on this machine) and of the
tool itself, in percent of one core. Exit code: 0 all received, 1 somebody lacked a stream, 2 it could not be run.

  --url URL           address of the SFU (default http://127.0.0.1:7880)
  --api-key KEY       (default devkey)
  --api-secret SECRET (default secret)
  --room NAME         (default: a new one)
  --publishers N      (default 5)
  --viewers N         (default 40)
  --seconds N         length of the measurement (default 20)
  --json              print the report as JSON
  --help              this text`

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:7880' },
    'api-key': { type: 'string', default: 'devkey' },
    'api-secret': { type: 'string', default: 'secret' },
    room: { type: 'string', default: `load-${randomBytes(4).toString('hex')}` },
    publishers: { type: 'string', default: '5' },
    viewers: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function number(name: 'publishers' | 'viewers' | 'seconds', least: number, most: number): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < least || value > most)
    throw new SetupError(`--${name} must be a whole number from ${least} to ${most}`)
  return value
}

async function main(): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const log = (line: string) => console.error(line)
  // The native process has room for 4096 connections, two a participant.
  const counts = {
    publishers: number('publishers', 1, 50),
    viewers: number('viewers', 0, 1900),
    seconds: number('seconds', 1, 3600),
  }
  const clients = await RtcClients.create(await ensureRtcClients({ root, log, allowApt: true }))
  try {
    const report = await runLoad(clients, {
      url: values.url,
      apiKey: values['api-key'],
      apiSecret: values['api-secret'],
      room: values.room,
      ...counts,
      log,
    })
    console.log(values.json ? JSON.stringify(report, null, 2) : formatReport(report).join('\n'))
    return report.faults.length === 0 && report.streams.received === report.streams.expected ? 0 : 1
  } finally {
    await clients.close()
  }
}

if (values.help) {
  console.log(help)
} else {
  try {
    process.exitCode = await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  }
}
