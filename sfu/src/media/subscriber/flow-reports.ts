import type { FlowReport } from '../track/quality-score.ts'
import type { Subscription } from './subscription.ts'

/** Consumers asked for a quality report; a wide gallery needs no more samples. */
const MAX_REPORTED_CONSUMERS = 4

/** Loss and round trip of what a subscriber receives now, pictures first. */
export async function reportFlows(subscriptions: Subscription[]): Promise<FlowReport[]> {
  const live = subscriptions
    .filter(s => s.isLive && s.consumer && !s.consumer.paused && !s.consumer.producerPaused)
    .toSorted((a, b) => (a.track.kind === b.track.kind ? 0 : a.track.kind === 'video' ? -1 : 1))
    .slice(0, MAX_REPORTED_CONSUMERS)
  const stats = await Promise.all(live.map(s => s.consumer!.getStats().catch(() => [])))
  const flows = stats.flatMap(streams =>
    streams
      .filter(stream => stream.type === 'outbound-rtp' && stream.bitrate > 0)
      .map(stream => ({
        fractionLost: stream.fractionLost / 256,
        rttMs: stream.roundTripTime ? Math.round(stream.roundTripTime) : null,
      })),
  )
  const isHeld = subscriptions.some(s => s.isWanted && s.verdict === 'held')
  return isHeld ? [...flows, { fractionLost: 0, rttMs: null, isHeld }] : flows
}

/** Sound that goes out, and microphones that are kept back because they are not heard. */
export function countSound(subscriptions: Iterable<Subscription>): { running: number; held: number } {
  const count = { running: 0, held: 0 }
  for (const { track, isUnheard, consumer } of subscriptions) {
    if (track.kind !== 'audio') continue
    if (isUnheard) count.held += 1
    else if (consumer && !consumer.paused) count.running += 1
  }
  return count
}
