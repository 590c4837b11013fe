import { createHash } from 'node:crypto'
import { asAppError } from '@diemcau/core/errors.ts'
import type { WebhookEvent } from 'livekit-server-sdk'
import type { Runtime } from '../runtime.ts'

interface Hopeless {
  body: string
  /** Null when the body could not be read as an event. */
  event: WebhookEvent | null
  error: unknown
}

/**
 * Keeps a webhook that can never be applied, with an alarm in the log and in `/healthz`, so that people can look at it while the
 * next ones go on. The row is all that is left of it: presence that depended on it is missing from the report.
 */
export async function putAside(runtime: Runtime, { body, event, error }: Hopeless): Promise<void> {
  const reason = asAppError(error)?.message ?? (error instanceof Error ? error.message : String(error))
  const row = {
    bodyHash: createHash('sha256').update(body).digest('hex'),
    eventId: storable(event?.id ?? ''),
    event: storable(event?.event ?? ''),
    roomName: storable(event?.room?.name || event?.egressInfo?.roomName || ''),
    reason: storable(reason).slice(0, 2_000).toWellFormed(),
    body: storable(body),
  }
  await runtime.db.webhookAside.createMany({ data: [row], skipDuplicates: true })
  const { eventId, roomName } = row
  runtime.log.error(
    { eventId, event: row.event, roomName, err: error },
    'webhook put aside: it can never be applied',
  )
}

const storable = (text: string): string => text.replaceAll('\0', '\ufffd').toWellFormed()
