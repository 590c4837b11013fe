/** What a media worker takes for a forwarded packet, beside the least that anybody could: the same copy, encryption and send alone. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { sum } from '../load/participant-report.ts'
import { type BenchReport, bounded, machineFacts } from './bench-report.ts'
import { measureForwarding, median } from './measure-forwarding.ts'

export interface LimitOptions {
  /** From ensureRtcClients. */
  program: string
  workerBin: string
  receivers: number
  seconds: number
  rounds: number
  log: (line: string) => void
}

/** Of the issue that asked for it: with bandwidth estimation, and without. */
const GOALS = { estimating: 5, plain: 3 }
/** As the clients send pictures. */
const BYTES = 1200
const BARE_ROUNDS = 5

/** The limit is measured before and after each round, so that both are of the same minute. @throws Error when a client cannot connect */
export async function measureLimit(options: LimitOptions): Promise<BenchReport> {
  const { program, workerBin, receivers, seconds, rounds, log } = options
  const profile = 'SRTP_AEAD_AES_128_GCM'
  const bare: number[] = []
  const costs: Record<keyof typeof GOALS, number[]> = { estimating: [], plain: [] }
  let lost = 0
  for (let round = 1; round <= rounds; round++) {
    log(`round ${round} of ${rounds}`)
    for (const name of ['estimating', 'plain'] as const) {
      bare.push(await bareMicroseconds(program, receivers))
      const bandwidthEstimation = name === 'estimating'
      const run = await measureForwarding({
        program,
        workerBin,
        profile,
        bandwidthEstimation,
        receivers,
        seconds,
      })
      costs[name].push(run.microseconds)
      lost += run.lost
    }
    bare.push(await bareMicroseconds(program, receivers))
  }
  const limit = median(bare)
  const micro = (value: number) => `${value.toFixed(2)} µs`
  return {
    name: 'A forwarded packet',
    setting: `One VP8 stream of 104 packets/s of ${BYTES} bytes to ${receivers} receivers over ICE, DTLS and SRTP (AES-GCM), ${rounds} rounds of ${seconds} s; the bare limit copies, encrypts and sends the same and does nothing else`,
    rows: [
      bounded(
        'worker with bandwidth estimation ÷ bare limit',
        median(costs.estimating) / limit,
        '',
        GOALS.estimating,
        1,
      ),
      bounded('worker without it ÷ bare limit', median(costs.plain) / limit, '', GOALS.plain, 1),
      {
        what: 'bare limit, with, without',
        value: [limit, median(costs.estimating), median(costs.plain)].map(micro).join(', '),
      },
      { what: 'packets lost', value: `${lost}` },
    ],
    faults: sum(costs.estimating) > 0 ? [] : ['nothing was forwarded'],
    // Workers and clients of each run have ended by now.
    othersPercent: undefined,
    machine: machineFacts(),
  }
}

/** A median of some rounds; takes a moment. */
export async function bareMicroseconds(program: string, receivers: number): Promise<number> {
  const { stdout } = await promisify(execFile)(program, [
    'bare',
    String(receivers),
    String(BYTES),
    String(BARE_ROUNDS),
  ])
  return (JSON.parse(stdout) as { nanoseconds: number }).nanoseconds / 1000
}
