/**
 * Blobs that participants store for the others to read, by key: schemas of data tracks, or anything small
 * (livekit_rtc.proto, StoreDataBlobRequest and GetDataBlobRequest). A blob lives as long as its owner's stay.
 */
import {
  DataBlob,
  type DataBlobKey,
  type GetDataBlobRequest,
  GetDataBlobResponse,
  RequestResponse_Reason as Reason,
  RequestResponse,
  type StoreDataBlobRequest,
  StoreDataBlobResponse,
} from '@livekit/protocol'
import { isValidSchemaId, type Refusal } from './data-track-rules.ts'
import { byteLength, type RoomLimits } from './limits.ts'
import type { Participant } from './participant.ts'
import type { RoomView } from './room-view.ts'

const KEY_BYTES = 256
const NO_KEY: Refusal = { reason: Reason.INVALID_REQUEST, message: `a key has 1 to ${KEY_BYTES} bytes` }

export class DataBlobs {
  readonly #room: RoomView
  readonly #limits: RoomLimits
  /** By owner, then by the key as text. */
  readonly #blobs = new WeakMap<Participant, Map<string, DataBlob>>()

  constructor(room: RoomView, limits: RoomLimits) {
    this.#room = room
    this.#limits = limits
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

  /** Answered by getDataBlobResponse, or requestResponse with the reason. */
  get(participant: Participant, { requestId, participantIdentity, key }: GetDataBlobRequest): void {
    const text = textOf(key)
    const owner = this.#room.participants.get(participantIdentity)
    // Nobody may learn of a hidden participant.
    const isKnown = owner !== undefined && (!owner.isHidden || owner === participant)
    const blob = isKnown && text !== undefined ? this.#blobs.get(owner)?.get(text) : undefined
    if (blob)
      participant.send({ case: 'getDataBlobResponse', value: new GetDataBlobResponse({ requestId, blob }) })
    else if (text === undefined) respond(participant, requestId, NO_KEY)
    else {
      const message = isKnown ? 'data blob not found' : 'participant not found'
      respond(participant, requestId, { reason: Reason.NOT_FOUND, message })
    }
  }
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
