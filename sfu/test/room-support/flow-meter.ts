/** Judges what one browser receives of another's track: rates and shares between two moments. */
import { eventually } from '../../../testing/eventually.ts'
import type { FlowSample } from './bandwidth-page.ts'
import type { BrowserClient } from './browser.ts'

export interface Flow {
  seconds: number
  kbps: number
  fps: number
  /** Share of packets that never came, retransmissions counted as come. */
  lost: number
  /** Share of sound that had to be invented and was not silence anyway. */
  concealed: number
}

export class FlowMeter {
  readonly #client: BrowserClient
  readonly #identity: string
  readonly #source: string

  constructor(client: BrowserClient, identity: string, source: string) {
    this.#client = client
    this.#identity = identity
    this.#source = source
  }

  /** @throws when the track is not subscribed. */
  async sample(): Promise<FlowSample> {
    const sample = await this.#client.page.evaluate(
      ([identity, source]) => window.bandwidth.sample(identity, source),
      [this.#identity, this.#source] as const,
    )
    if (!sample) throw new Error(`${this.#source} of ${this.#identity} is not subscribed`)
    return sample
  }

  async since(before: FlowSample): Promise<Flow> {
    return flowBetween(before, await this.sample())
  }

  /** What flows during `ms` from now on. */
  async during(ms: number): Promise<Flow> {
    const before = await this.sample()
    await new Promise(resolve => setTimeout(resolve, ms))
    return this.since(before)
  }
}

function flowBetween(a: FlowSample, b: FlowSample): Flow {
  const seconds = (b.at - a.at) / 1000
  const lost = b.packetsLost - a.packetsLost
  const expected = b.packetsReceived - a.packetsReceived + lost
  const concealed = b.concealed - a.concealed - (b.silentConcealed - a.silentConcealed)
  return {
    seconds,
    kbps: ((b.bytes - a.bytes) * 8) / 1000 / seconds,
    fps: (b.framesDecoded - a.framesDecoded) / seconds,
    lost: expected > 0 ? Math.max(lost, 0) / expected : 0,
    concealed: Math.max(concealed, 0) / Math.max(b.samples - a.samples, 1),
  }
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
export const secondsSince = (startMs: number): string =>
  `${((performance.now() - startMs) / 1000).toFixed(1)} s`

/** Waits for a picture of such a width, pixels, that moves; resolves with the time it took, as `secondsSince`. */
export async function expectWidth(
  meter: FlowMeter,
  isRight: (width: number) => boolean,
  limitMs: number,
): Promise<string> {
  const start = performance.now()
  let before = await meter.sample()
  await eventually(
    async () => {
      const now = await meter.sample()
      const frames = now.framesDecoded - before.framesDecoded
      before = now
      return isRight(now.width) && frames > 0 ? null : `${frames} frames of width ${now.width}`
    },
    limitMs,
    300,
  )
  return secondsSince(start)
}
