/** Whether a native client's encoder is at work. */
import { eventually } from '../../../testing/eventually.ts'
import type { NativePeer } from '../../../testing/native-peer.ts'

const PATIENCE_MS = 30_000

/** Pictures encoded since it joined, all layers together. */
async function framesEncoded(peer: NativePeer): Promise<number> {
  const { publisherStats } = await peer.room.getRtcStats()
  let frames = 0
  for (const { stats } of publisherStats)
    if (stats.case === 'outboundRtp') frames += stats.value.outbound?.framesEncoded ?? 0
  return frames
}

/** Waits until `whileMs` goes by with the encoder at rest, or at work. */
export async function expectEncoder(peer: NativePeer, isAtWork: boolean, whileMs: number): Promise<void> {
  let before = await framesEncoded(peer)
  await eventually(
    async () => {
      const now = await framesEncoded(peer)
      const grown = now - before
      before = now
      return grown > 0 === isAtWork ? null : `${grown} pictures encoded in ${whileMs} ms`
    },
    PATIENCE_MS,
    whileMs,
  )
}
