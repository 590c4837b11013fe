/**
 * Blobs that participants store for the others to read, by key: schemas of data tracks, or anything small
 * (livekit_rtc.proto, StoreDataBlobRequest and GetDataBlobRequest). A blob lives as long as its owner's stay.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { Incarnation } from '@diemcau/core/ids.ts'
import {
  DataBlob,
  type DataBlobKey,
  GetDataBlobRequest,
  GetDataBlobResponse,
  RequestResponse_Reason as Reason,
  RequestResponse,
  type StoreDataBlobRequest,
  StoreDataBlobResponse,
} from '@livekit/protocol'
import { byteLength, type RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Participant } from '../member/participant.ts'
import type { RoomView } from '../member/room-view.ts'
import { isValidSchemaId, type Refusal } from './data-track-rules.ts'

const KEY_BYTES = 256
const NO_KEY: Refusal = { reason: Reason.INVALID_REQUEST, message: `a key has 1 to ${KEY_BYTES} bytes` }

const NOBODY: Refusal = { reason: Reason.NOT_FOUND, message: 'participant not found' }

/** Members on other nodes and their blobs. */
export interface BlobsElsewhere {
  /** By identity. */
  get(identity: string): { readonly node: Incarnation; readonly isHidden: boolean } | undefined
  /** `answerNode` on that node. Rejects with its AppError, or another one when no answer came. */
  fetch(node: Incarnation, request: Uint8Array): Promise<Uint8Array>
}

export class DataBlobs {
  readonly #room: RoomView
  readonly #limits: RoomLimits
  readonly #log: Log
  readonly #others: BlobsElsewhere | undefined
  /** By owner, then by the key as text. */
  readonly #blobs = new WeakMap<Participant, Map<string, DataBlob>>()

  /** `others`: the members on other nodes; undefined: there are none. */
  constructor(room: RoomView, limits: RoomLimits, log: Log, others: BlobsElsewhere | undefined) {
    this.#room = room
    this.#limits = limits
    this.#log = log
    this.#others = others
  }

  /** Answered by storeDataBlobResponse, or requestResponse with the reason. A key stored before gets the new contents. */
  store(participant: Participant, { requestId, blob }: StoreDataBlobRequest): void {
    const text = textOf(blob?.key)
    const fault = this.#faultOf(participant, text, blob?.contents ?? new Uint8Array())
    if (fault || !blob?.key || text === undefined) {
      respond(participant, requestId, fault ?? NO_KEY)
      return
    }
    const own = this.#blobs.get(participant) ?? new Map<string, DataBlob>()
    own.set(text, new DataBlob({ key: blob.key, contents: Uint8Array.from(blob.contents) }))
    this.#blobs.set(participant, own)
    const value = new StoreDataBlobResponse({ requestId, key: blob.key })
    participant.send({ case: 'storeDataBlobResponse', value })
  }

  #faultOf(participant: Participant, text: string | undefined, contents: Uint8Array): Refusal | undefined {
    if (!participant.permission.canPublishData)
      return { reason: Reason.NOT_ALLOWED, message: 'does not have permission to publish data' }
    if (text === undefined) return NO_KEY
    if (contents.length === 0) return { reason: Reason.INVALID_REQUEST, message: 'the data blob is empty' }
    const { dataBlobBytes, dataBlobsBytes } = this.#limits
    let total = byteLength(text) + contents.length
    for (const [key, blob] of this.#blobs.get(participant) ?? [])
      if (key !== text) total += byteLength(key) + blob.contents.length
    if (contents.length <= dataBlobBytes && total <= dataBlobsBytes) return undefined
    const message = `a data blob has at most ${dataBlobBytes} bytes, all of a participant ${dataBlobsBytes}`
    return { reason: Reason.LIMIT_EXCEEDED, message }
  }

  /** Answered by getDataBlobResponse, or requestResponse with the reason; of somebody on another node when that has answered. */
  get(participant: Participant, request: GetDataBlobRequest): void {
    const { requestId, participantIdentity, key } = request
    const owner = this.#room.participants.get(participantIdentity)
    const remote = owner ? undefined : this.#others?.get(participantIdentity)
    if (textOf(key) === undefined) respond(participant, requestId, NO_KEY)
    // Nobody may learn of a hidden participant.
    else if (owner && (!owner.isHidden || owner === participant))
      answer(participant, requestId, this.#find(owner, key))
    else if (remote && !remote.isHidden) void this.#fetch(participant, request, remote.node)
    else respond(participant, requestId, NOBODY)
  }

  async #fetch(participant: Participant, request: GetDataBlobRequest, node: Incarnation): Promise<void> {
    const { requestId } = request
    try {
      const answered = await this.#others?.fetch(node, request.toBinary())
      answer(participant, requestId, GetDataBlobResponse.fromBinary(answered ?? new Uint8Array(0)).blob)
    } catch (error) {
      const isGone = error instanceof AppError && error.code === 'not_found'
      if (!isGone) this.#log.warn({ err: error, node }, 'a data blob was not got from another node')
      const message = 'the node of the participant does not answer'
      respond(participant, requestId, isGone ? NOBODY : { reason: Reason.UNCLASSIFIED_ERROR, message })
    }
  }

  /**
   * What another node asks for somebody there, of somebody here: a GetDataBlobRequest. Answered by a GetDataBlobResponse, without a blob
   * when there is none of that key. @throws AppError('not_found') without the participant, AppError('invalid_argument')
   */
  answerNode(bytes: Uint8Array): Uint8Array {
    let request: GetDataBlobRequest
    try {
      request = GetDataBlobRequest.fromBinary(bytes)
    } catch (error) {
      throw new AppError('invalid_argument', 'what another node asks for is no data blob', { cause: error })
    }
    const owner = this.#room.participants.get(request.participantIdentity)
    if (!owner || owner.isHidden) throw new AppError('not_found', 'participant not found')
    const blob = this.#find(owner, request.key)
    return new GetDataBlobResponse({ ...(blob ? { blob } : {}) }).toBinary()
  }

  #find(owner: Participant, key: DataBlobKey | undefined): DataBlob | undefined {
    const text = textOf(key)
    return text === undefined ? undefined : this.#blobs.get(owner)?.get(text)
  }
}

function answer(participant: Participant, requestId: number, blob: DataBlob | undefined): void {
  if (blob)
    participant.send({ case: 'getDataBlobResponse', value: new GetDataBlobResponse({ requestId, blob }) })
  else respond(participant, requestId, { reason: Reason.NOT_FOUND, message: 'data blob not found' })
}

function respond(participant: Participant, requestId: number, refusal: Refusal): void {
  participant.send({ case: 'requestResponse', value: new RequestResponse({ requestId, ...refusal }) })
}

/** Unequal for unequal keys; undefined for none, an empty or too long a one. */
function textOf(key: DataBlobKey | undefined): string | undefined {
  const value = key?.key
  if (value?.case === 'generic')
    return value.value !== '' && byteLength(value.value) <= KEY_BYTES ? `generic ${value.value}` : undefined
  if (value?.case !== 'schemaId' || !isValidSchemaId(value.value)) return undefined
  const { name, encoding } = value.value
  return `schema ${encoding?.value.case ?? ''} ${encoding?.value.value ?? ''} ${name}`
}
