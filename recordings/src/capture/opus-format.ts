/** Delay of libopus between what goes in and what comes out at 48 kHz: 312 samples (RFC 7845 §4.2 calls it pre-skip). */
const CODEC_DELAY_MS = 6.5

/** Duration of the sound in an Opus packet in milliseconds, from its first bytes (RFC 6716 §3.1, §3.2); 0 for an empty one. */
export function opusDurationMs(payload: Buffer): number {
  const toc = payload[0]
  if (toc === undefined) return 0
  const code = toc & 3
  const frames = code === 0 ? 1 : code === 3 ? (payload[1] ?? 0) & 0x3f : 2
  return frames * frameDurationMs(toc >> 3)
}

function frameDurationMs(configuration: number): number {
  if (configuration < 12) return [10, 20, 40, 60][configuration & 3]!
  if (configuration < 16) return configuration & 1 ? 20 : 10
  return [2.5, 5, 10, 20][configuration & 3]!
}

/**
 * How much later than its first sample was heard a packet can leave the sender at the earliest: it must be full, and the
 * codec looks ahead. A picture has no such wait, so without this sound would be late against it.
 */
export const opusSendDelayMs = (payload: Buffer): number => opusDurationMs(payload) + CODEC_DELAY_MS
