/** Which remote tracks this browser asks the server for; pure. Sound of everyone, picture only of who is shown. */
import type { StageSource } from './stage-plan.ts'

export interface RemotePublication {
  trackId: string
  identity: string
  kind: 'audio' | 'video'
  source: StageSource | 'other'
  /** Whether it is asked for already. */
  isWanted: boolean
}

/** Names one picture of one participant, whatever the track's id is at the moment. */
export const pictureKey = (identity: string, source: StageSource): string => `${source}|${identity}`

/** Turning a page back soon should not wait for a key frame: a hidden picture is kept this long (ms). */
export const LINGER_MS = 4000

export interface SubscriptionPlan {
  subscribe: string[]
  unsubscribe: string[]
  /** When each kept picture was last shown (ms); hand it in again next time. */
  shownAtMs: Map<string, number>
  /** When to plan again because a picture will have lingered long enough (ms), or null. */
  nextAtMs: number | null
}

export function planSubscriptions(
  publications: readonly RemotePublication[],
  shown: ReadonlySet<string>,
  formerShownAtMs: ReadonlyMap<string, number>,
  nowMs: number,
): SubscriptionPlan {
  const plan: SubscriptionPlan = { subscribe: [], unsubscribe: [], shownAtMs: new Map(), nextAtMs: null }
  for (const publication of publications) {
    if (publication.kind === 'audio') {
      if (!publication.isWanted) plan.subscribe.push(publication.trackId)
      continue
    }
    const key = publication.source === 'other' ? null : pictureKey(publication.identity, publication.source)
    const isShown = key !== null && shown.has(key)
    if (isShown) {
      plan.shownAtMs.set(key, nowMs)
      if (!publication.isWanted) plan.subscribe.push(publication.trackId)
      continue
    }
    const lastShown = key === null ? undefined : formerShownAtMs.get(key)
    const endsAtMs = (lastShown ?? Number.NEGATIVE_INFINITY) + LINGER_MS
    if (key !== null && publication.isWanted && endsAtMs > nowMs) {
      plan.shownAtMs.set(key, lastShown!)
      plan.nextAtMs = Math.min(plan.nextAtMs ?? endsAtMs, endsAtMs)
    } else if (publication.isWanted) plan.unsubscribe.push(publication.trackId)
  }
  return plan
}
