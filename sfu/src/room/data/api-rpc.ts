/**
 * RoomService.PerformRpc: the API calls a method of a participant. The request goes over the data channel as any other
 * RPC, from a sender named by the call's id, so that acknowledgement and answer come back addressed to it. Bounds and
 * error codes are those of the SDKs' RPC (1400.. for the caller's faults, 1500.. for the receiver's).
 */
import { randomUUID } from 'node:crypto'
import { AppError, type AppErrorCode } from '@diemcau/core/errors.ts'
import { DataPacket, DataPacket_Kind, RpcRequest } from '@livekit/protocol'
import { byteLength } from '../base/limits.ts'
import type { Participant } from '../member/participant.ts'

const MAX_PAYLOAD_BYTES = 15 * 1024
const DEFAULT_TIMEOUT_MS = 10_000
const MAX_TIMEOUT_MS = 60_000
/** How long a client may take to acknowledge; without an acknowledgement it will not answer either. */
const ACK_TIMEOUT_MS = 7_000

/** What RpcError codes are to a caller of the API. */
const CODES: Record<number, AppErrorCode> = {
  1400: 'invalid_argument',
  1402: 'malformed',
  1404: 'unimplemented',
  1501: 'canceled',
  1502: 'canceled',
  1503: 'unavailable',
}
const failure = (code: number, message: string, data = ''): AppError =>
  new AppError(CODES[code] ?? 'rpc_failed', `RpcError ${code}: ${message}${data ? `: ${data}` : ''}`)

interface Call {
  participantId: string
  ackTimer: NodeJS.Timeout
  responseTimer: NodeJS.Timeout
  resolve(payload: string): void
  reject(error: Error): void
}

export interface RpcCall {
  method: string
  payload: string
  /** 0: ten seconds. */
  timeoutMs: number
}

export class ApiRpc {
  readonly #calls = new Map<string, Call>()

  /** Resolves with the answer's payload. @throws AppError as in CODES, 'rpc_failed' for the method's own errors. */
  async perform(participant: Participant, { method, payload, timeoutMs }: RpcCall): Promise<string> {
    if (byteLength(payload) > MAX_PAYLOAD_BYTES) throw failure(1402, 'Request payload too large')
    const id = randomUUID()
    const responseTimeoutMs = Math.min(timeoutMs || DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS)
    const value = new RpcRequest({
      id,
      method,
      payload,
      // The client is given what is left after the way there.
      responseTimeoutMs: Math.max(1, responseTimeoutMs - participant.rttMs),
      version: 1,
    })
    const packet = new DataPacket({
      kind: DataPacket_Kind.RELIABLE,
      participantIdentity: id,
      destinationIdentities: [participant.identity],
      value: { case: 'rpcRequest', value },
    })
    const answer = Promise.withResolvers<string>()
    const fail = (code: number, message: string) => () => this.#settle(id)?.reject(failure(code, message))
    this.#calls.set(id, {
      participantId: participant.id,
      ackTimer: setTimeout(fail(1501, 'Connection timeout'), Math.min(ACK_TIMEOUT_MS, responseTimeoutMs)),
      responseTimer: setTimeout(fail(1502, 'Response timeout'), responseTimeoutMs),
      ...answer,
    })
    if (!participant.data.send('reliable', packet.toBinary())) fail(1505, 'Failed to send')()
    return await answer.promise
  }

  /** Looks whether what a client sent answers a call; the packet goes its usual way all the same. */
  listen(participantId: string, payload: Uint8Array): void {
    if (this.#calls.size === 0) return
    let packet: DataPacket
    try {
      packet = DataPacket.fromBinary(payload)
    } catch {
      // The data router says what is wrong with it.
      return
    }
    const { value } = packet
    if (value.case !== 'rpcAck' && value.case !== 'rpcResponse') return
    const { requestId } = value.value
    const call = this.#calls.get(requestId)
    // Nobody answers for another.
    if (call?.participantId !== participantId) return
    clearTimeout(call.ackTimer)
    if (value.case === 'rpcAck') return
    this.#settle(requestId)
    const result = value.value.value
    if (result.case === 'payload') call.resolve(result.value)
    else if (result.case === 'error')
      call.reject(failure(result.value.code, result.value.message, result.value.data))
    // Nothing in the protocol says how it is compressed, and a client that is called in version 1 does not do it.
    else if (result.case === 'compressedPayload') call.reject(failure(1404, 'the answer is compressed'))
    else call.reject(failure(1404, 'Unsupported RPC version'))
  }

  /** The participant has gone: nobody will answer any more. */
  forget(participantId: string): void {
    for (const [id, call] of this.#calls)
      if (call.participantId === participantId)
        this.#settle(id)?.reject(failure(1503, 'Recipient disconnected'))
  }

  #settle(id: string): Call | undefined {
    const call = this.#calls.get(id)
    clearTimeout(call?.ackTimer)
    clearTimeout(call?.responseTimer)
    this.#calls.delete(id)
    return call
  }
}
