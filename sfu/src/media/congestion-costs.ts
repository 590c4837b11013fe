/** What pictures cost, from the statistics of their producers, shared by all who watch them. */
import type { Producer, ProducerStat } from 'mediasoup/types'

/** Older figures are asked for again, ms. */
const MAX_AGE_MS = 900

export interface PictureCost {
  leastBps: number
  lowestBps: number
}

const known = new WeakMap<Producer, { at: number; cost: Promise<PictureCost> }>()

/** Asks the worker at most about once a second a producer, however many subscribers ask. Zeros when nothing is known. */
export function costOf(producer: Producer): Promise<PictureCost> {
  const now = performance.now()
  const last = known.get(producer)
  if (last && now - last.at < MAX_AGE_MS) return last.cost
  const cost = producer.getStats().then(
    stats => readCost(stats, lowestRid(producer)),
    () => ({ leastBps: 0, lowestBps: 0 }),
  )
  known.set(producer, { at: now, cost })
  return cost
}

const lowestRid = (producer: Producer): string | undefined => producer.rtpParameters.encodings?.[0]?.rid

/**
 * Simulcast has one stream a layer, told apart by rid (low first, as planned from the offer); SVC has one stream with the
 * rates of its layers by 'spatial.temporal', each of a temporal layer including those below. Pure.
 */
export function readCost(stats: readonly ProducerStat[], rid: string | undefined): PictureCost {
  const stream = stats.find(stat => rid === undefined || stat.rid === rid)
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
