import { codeOf } from '@diemcau/core/errors.ts'
import { errorResponse } from '../../../../server/errors.ts'
import { readText } from '../../../../server/http/read-text.ts'
import { getRuntime } from '../../../../server/runtime.ts'
import { receiveWebhook } from '../../../../server/webhooks/receive-webhook.ts'

/** Metadata of room and participant, 512 KiB each, every character escaped, and all the rest. */
const MAX_BODY = 8 * 1_048_576

/** 200 also for events that came before; 401 for a wrong signature; 5xx asks the sender to try again. */
export async function POST(request: Request): Promise<Response> {
  try {
    const body = await readText(request, MAX_BODY)
    return Response.json({ outcome: await receiveWebhook(body, request.headers.get('authorization')) })
  } catch (error) {
    getRuntime().log.warn({ code: codeOf(error), err: error }, 'webhook not accepted')
    return errorResponse(error)
  }
}
