/** Connection quality from what RTCP reports. Pure. */

export interface FlowReport {
  /** Share of packets lost in the last report, 0..1. */
  fractionLost: number
  rttMs: number | null
  /** A picture the link cannot carry: nothing of it is sent, hence nothing is lost. */
  isHeld?: boolean
}

/** Below GOOD: a link without room for a picture is a poor one, however well it carries the sound. */
const HELD_SCORE = 2

export interface QualityReport {
  /** 0..5, null when nothing flows. */
  score: number | null
  lossPercent: number
  rttMs: number | null
}

/**
 * Worst flow decides. A simplified E-model (ITU-T G.107 as in LiveKit): delay costs little until about 180 ms one way,
 * loss costs much, and the rating is mapped to a mean opinion score of 1..4.5, here stretched to 0..5. At most 2 while a
 * picture is held back for lack of bandwidth.
 */
export function rateQuality(flows: readonly FlowReport[]): QualityReport {
  if (flows.length === 0) return { score: null, lossPercent: 0, rttMs: null }
  const loss = Math.max(...flows.map(flow => flow.fractionLost))
  const rtts = flows.map(flow => flow.rttMs).filter(rtt => rtt !== null)
  const rttMs = rtts.length > 0 ? Math.max(...rtts) : null
  const delay = (rttMs ?? 0) / 2
  const delayFactor = delay < 160 ? delay / 40 : (delay - 120) / 10
  const rating = Math.min(Math.max(93.2 - delayFactor - 500 * loss, 0), 100)
  const mos = 1 + 0.035 * rating + (rating * (rating - 60) * (100 - rating) * 7) / 1_000_000
  const limit = flows.some(flow => flow.isHeld) ? HELD_SCORE : 5
  const score = Math.min(Math.max(((mos - 1) / 3.41) * 5, 0), limit)
  return { score: Math.round(score * 100) / 100, lossPercent: Math.round(loss * 1000) / 10, rttMs }
}
