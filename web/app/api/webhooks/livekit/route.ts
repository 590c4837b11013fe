import { errorCode, errorResponse } from '../../../../server/errors.ts'
import { readBody } from '../../../../server/read-body.ts'
import { getRuntime } from '../../../../server/runtime.ts'
import { receiveWebhook } from '../../../../server/webhooks/receive-webhook.ts'

const MAX_BODY = 1_048_576

/** 200 also for events that came before; 401 for a wrong signature; 5xx asks the sender to try again. */
export async function POST(request: Request): Promise<Response> {
  try {
    const body = await readBody(request, MAX_BODY)
    if (body === null) return Response.json({ error: 'invalid_input' }, { status: 413 })
    return Response.json({ outcome: await receiveWebhook(body, request.headers.get('authorization')) })
  } catch (error) {
    getRuntime().log.warn({ code: errorCode(error), err: error }, 'webhook not accepted')
    return errorResponse(error)
  }
}
