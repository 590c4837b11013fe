/** Whether a PublishDataTrackRequest may be granted; as LiveKit's server decides it. Pure. */
import { isPlain } from '@diemcau/core/text/storable.ts'
import {
  type DataTrackFrameEncoding,
  type DataTrackInfo,
  type DataTrackSchemaId,
  type ParticipantPermission,
  type PublishDataTrackRequest,
  RequestResponse_Reason,
} from '@livekit/protocol'
import { byteLength, type RoomLimits } from '../base/limits.ts'
import { MAX_HANDLE } from './data-track-packet.ts'

const NAME_BYTES = 256
/** Name of an encoding that is not a well-known one (livekit_models.proto). */
const CUSTOM_ENCODING_BYTES = 32

export interface Refusal {
  reason: RequestResponse_Reason
  message: string
}

/** `own` are the tracks this participant publishes already. Undefined when nothing speaks against it. */
export function refusalOfDataTrack(
  request: PublishDataTrackRequest,
  permission: ParticipantPermission,
  own: { info: DataTrackInfo }[],
  limits: RoomLimits,
): Refusal | undefined {
  const { pubHandle, name, frameEncoding, schema } = request
  const refuse = (reason: RequestResponse_Reason, message: string) => ({ reason, message })
  if (!permission.canPublishData)
    return refuse(RequestResponse_Reason.NOT_ALLOWED, 'does not have permission to publish data')
  if (pubHandle === 0 || pubHandle > MAX_HANDLE)
    return refuse(RequestResponse_Reason.INVALID_HANDLE, `a handle is a number from 1 to ${MAX_HANDLE}`)
  if (!isName(name, NAME_BYTES))
    return refuse(
      RequestResponse_Reason.INVALID_NAME,
      `a data track's name has 1 to ${NAME_BYTES} bytes and no control characters`,
    )
  if (!isValidFrameEncoding(frameEncoding) || !isValidSchemaId(schema))
    return refuse(
      RequestResponse_Reason.INVALID_REQUEST,
      'an encoding or schema has no name or too long a one',
    )
  if (own.some(({ info }) => info.pubHandle === pubHandle))
    return refuse(RequestResponse_Reason.DUPLICATE_HANDLE, 'there is a data track with this handle already')
  if (own.some(({ info }) => info.name === name))
    return refuse(RequestResponse_Reason.DUPLICATE_NAME, 'there is a data track of this name already')
  if (own.length >= limits.dataTracksPerParticipant)
    return refuse(
      RequestResponse_Reason.LIMIT_EXCEEDED,
      `a participant has at most ${limits.dataTracksPerParticipant} data tracks`,
    )
  return undefined
}

const isName = (text: string, bytes: number): boolean =>
  text !== '' && byteLength(text) <= bytes && isPlain(text)

const isValidFrameEncoding = (encoding: DataTrackFrameEncoding | undefined): boolean =>
  encoding?.value.case !== 'custom' || isName(encoding.value.value, CUSTOM_ENCODING_BYTES)

/** Also asked of the keys of data blobs. */
export const isValidSchemaId = (schema: DataTrackSchemaId | undefined): boolean =>
  !schema ||
  (isName(schema.name, NAME_BYTES) &&
    (schema.encoding?.value.case !== 'custom' || isName(schema.encoding.value.value, CUSTOM_ENCODING_BYTES)))
