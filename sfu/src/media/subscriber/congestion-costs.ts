/** What pictures cost, from the statistics of their producers, shared by all who watch them. */
import type { ProducerStat } from 'mediasoup/types'
import type { TrackProducer } from '../track/published-track.ts'

/** Older figures are asked for again, ms. */
const MAX_AGE_MS = 900

export interface PictureCost {
  leastBps: number
  lowestBps: number
}

const known = new WeakMap<TrackProducer, { at: number; cost: Promise<PictureCost> }>()

/** Asks the worker at most about once a second a producer, however many subscribers ask. Zeros when nothing is known. */
export function costOf(producer: TrackProducer): Promise<PictureCost> {
  const now = performance.now()
  const last = known.get(producer)
  if (last && now - last.at < MAX_AGE_MS) return last.cost
  const cost = producer.getStats().then(
    stats => readCost(stats, lowest(producer)?.rid, lowest(producer)?.ssrc),
    () => ({ leastBps: 0, lowestBps: 0 }),
  )
  known.set(producer, { at: now, cost })
  return cost
}

const lowest = (producer: TrackProducer) => producer.rtpParameters.encodings?.[0]

/**
 * Simulcast has one stream a layer, told apart by rid (low first, as planned from the offer), or by SSRC when it comes from
 * another node; SVC has one stream with the rates of its layers by 'spatial.temporal', each of a temporal layer including
 * those below. Pure.
 */
export function readCost(
  stats: readonly ProducerStat[],
  rid: string | undefined,
  ssrc?: number,
): PictureCost {
  const stream = stats.find(stat =>
    rid === undefined ? ssrc === undefined || stat.ssrc === ssrc : stat.rid === rid,
  )
  if (!stream) return { leastBps: 0, lowestBps: 0 }
  const base = Object.entries(stream.bitrateByLayer ?? {})
    .filter(([layer, bps]) => layer.startsWith('0.') && Number(bps) > 0)
    .toSorted(([a], [b]) => Number(a.slice(2)) - Number(b.slice(2)))
    .map(([, bps]) => Number(bps))
  return {
    leastBps: base.at(-1) ?? stream.bitrate,
    lowestBps: base[0] ?? stream.bitrate,
  }
}
