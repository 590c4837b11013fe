/** What one forwarded packet costs a mediasoup worker, with real WebRTC receivers and without a browser. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runTool } from '../lib/run-tool.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { type ForwardingRun, measureForwarding, median } from './measure-forwarding.ts'

const help = `Usage: node scripts/bench/forwarding.ts [options]

One publisher sends a VP8 stream (104 packets/s of 1.2 kB, 1 Mbit/s) through one mediasoup worker to many receivers over
ICE, DTLS and SRTP. Prints, for each SRTP profile, with and without bandwidth estimation (transport-wide congestion
control), the worker's CPU in microseconds for a forwarded packet, its share in the kernel, and the packets lost.
The runs are in turn, so that their ratio holds on a noisy machine where the absolute numbers do not.

  --receivers N   (default 150)
  --seconds N     of each measurement (default 4)
  --rounds N      the median of so many rounds is printed (default 3)
  --json
  --help`

const { values } = parseArgs({
  options: {
    receivers: { type: 'string', default: '150' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const CASES = ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_SHA1_80'].flatMap(profile =>
  [true, false].map(bandwidthEstimation => ({ profile, bandwidthEstimation })),
)

async function main(): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const log = (line: string) => console.error(line)
  const [receivers, seconds, rounds] = [values.receivers, values.seconds, values.rounds].map(Number) as [
    number,
    number,
    number,
  ]
  if (![receivers, seconds, rounds].every(value => Number.isInteger(value) && value > 0))
    throw new SetupError('--receivers, --seconds and --rounds must be whole numbers above 0')
  const program = await ensureRtcClients({ root, log, allowApt: true })
  const workerBin = await ensureWorker({ root, log, allowApt: true })
  const runs: ForwardingRun[] = []
  for (let round = 1; round <= rounds; round++) {
    log(`round ${round} of ${rounds}`)
    for (const wanted of CASES)
      runs.push(await measureForwarding({ ...wanted, program, workerBin, receivers, seconds }))
  }
  if (values.json) {
    console.log(JSON.stringify(runs, null, 2))
    return 0
  }
  for (const { profile, bandwidthEstimation } of CASES) {
    const same = runs.filter(
      run => run.profile === profile && run.bandwidthEstimation === bandwidthEstimation,
    )
    const of = (pick: (run: ForwardingRun) => number) => median(same.map(pick))
    console.log(
      `${profile} ${bandwidthEstimation ? 'with   ' : 'without'} estimation: ${of(run => run.microseconds)} µs a packet ` +
        `(kernel ${of(run => run.kernelMicroseconds)}), ${of(run => run.cpuPercent)} % of a core, lost ${of(run => run.lost)} of ${of(run => run.packets)}`,
    )
  }
  return 0
}

await runTool(values.help ? help : undefined, main)
