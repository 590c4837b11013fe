/** Command line of the load tool: publishers and many viewers in one room, without a browser. */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { runTool } from '../lib/run-tool.ts'
import { formatReport, runLoad } from './run-load.ts'
import { startMediaClients, wholeNumber } from './tool.ts'

const help = `Usage: npm run load -- [options]

Joins a room of a running LiveKit server, ours or any other, over its own signalling: publishers that each send a voice (Opus, 50
packets/s) and a camera (VP8 in three layers of 320x180, 640x360 and 1280x720, encoded once by ffmpeg), and viewers that only
receive. Media is real ICE, DTLS and SRTP with congestion control feedback, by a small native process that is compiled on
first use. Everybody must get every stream.

Prints, over all and with --each for each participant: time from join to the connection, to the first packet and the first whole
picture; packets, bytes, loss; times of more than 200 ms without a packet; freezes as the W3C counts them. And the CPU of the
server and its media workers (when they run on this machine), of the tool itself and of all else here, in percent of one core.
Nothing lost is asked for again: loss is a freeze until the next key frame, which is asked for.
Exit code: 0 all received, 1 somebody lacked a stream, 2 it could not be run.

  --url URL           address of the server (default http://127.0.0.1:7880)
  --api-key KEY       (default devkey)
  --api-secret SECRET (default secret)
  --room NAME         (default: a new one)
  --publishers N      (default 5)
  --viewers N         (default 40)
  --layers N          of a published picture, 1 to 3 (default 3); 1 is without simulcast
  --shown N           layer that everybody asks for, 0 to 2 (default 1, 640x360)
  --seconds N         length of the measurement (default 20)
  --each              also a line for each participant
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
    layers: { type: 'string', default: '3' },
    shown: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    each: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function main(): Promise<number> {
  const log = (line: string) => console.error(line)
  // The native process has room for 8192 connections, two a participant.
  const counts = {
    publishers: wholeNumber('publishers', values.publishers, 1, 500),
    viewers: wholeNumber('viewers', values.viewers, 0, 3500),
    layers: wholeNumber('layers', values.layers, 1, 3),
    shownLayer: wholeNumber('shown', values.shown, 0, 2),
    seconds: wholeNumber('seconds', values.seconds, 1, 3600),
  }
  const clients = await startMediaClients(log)
  try {
    const report = await runLoad(clients, {
      url: values.url,
      apiKey: values['api-key'],
      apiSecret: values['api-secret'],
      room: values.room,
      ...counts,
      log,
    })
    console.log(values.json ? JSON.stringify(report, null, 2) : formatReport(report, values.each).join('\n'))
    return report.faults.length === 0 ? 0 : 1
  } finally {
    await clients.close()
  }
}

await runTool(values.help ? help : undefined, main)
