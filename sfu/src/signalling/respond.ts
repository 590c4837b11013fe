/** RequestResponse: what became of a request, with the request itself so that clients without ids know which one. */
import { RequestResponse, type RequestResponse_Reason } from '@livekit/protocol'
import type { Participant } from '../room/member/participant.ts'

export interface Outcome {
  reason: RequestResponse_Reason
  message: string
  /** 0 for requests that carry none. */
  requestId?: number
  /** The request itself; absent for the kinds of request that RequestResponse has no field for. */
  request?: RequestResponse['request']
}

export function respond(participant: Participant, outcome: Outcome): void {
  const { reason, message, requestId = 0, request } = outcome
  const value = new RequestResponse({ requestId, reason, message, ...(request ? { request } : {}) })
  participant.send({ case: 'requestResponse', value })
}
