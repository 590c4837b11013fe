import { newId } from '@diemcau/core/ids.ts'
import type { WebhookOutbox } from '@diemcau/core/outbox/webhook-outbox.ts'
import { isFinal, type RecordingState } from '@diemcau/core/recording/status.ts'
import { type EgressInfo, WebhookEvent } from '@livekit/protocol'

/** Steps of progress worth an event. */
const PROGRESS_STEP = 10

export type EgressEventName = 'egress_started' | 'egress_updated' | 'egress_ended'

/** Which event a change of a recording is told by; null when it is nobody's business. */
export function eventOf(before: RecordingState, after: RecordingState): EgressEventName | null {
  if (after.phase !== before.phase) {
    if (isFinal(after.phase)) return 'egress_ended'
    return after.phase === 'active' ? 'egress_started' : 'egress_updated'
  }
  if (after.layout !== before.layout) return 'egress_updated'
  const step = (state: RecordingState) => Math.floor(state.progressPercent / PROGRESS_STEP)
  return step(after) > step(before) && after.progressPercent < 100 ? 'egress_updated' : null
}

/** Body of a webhook as LiveKit's server writes it (livekit.WebhookEvent in JSON). */
export function webhookBody(event: EgressEventName, info: EgressInfo, id: string, nowMs: number): string {
  const message = new WebhookEvent({
    event,
    id,
    createdAt: BigInt(Math.floor(nowMs / 1000)),
    egressInfo: info,
  })
  return message.toJsonString()
}

/** Puts the event of a change, if there is one, into the outbox; events of a room keep their order. */
export function announceChange(
  outbox: WebhookOutbox,
  before: RecordingState,
  after: RecordingState,
  infoOf: (state: RecordingState) => EgressInfo,
): void {
  const event = eventOf(before, after)
  if (!event) return
  const id = newId<string>('EV_')
  outbox.enqueue({ id, key: after.roomName, body: webhookBody(event, infoOf(after), id, Date.now()) })
}
