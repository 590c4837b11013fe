import { rotation } from '@diemcau/core/recording/rotation.ts'
import { z } from 'zod'
import { element, float, ID, idBytes, sizeBytes, text, UNKNOWN_SIZE, unsigned } from './ebml.ts'

/** What the header of a captured file says. */
export interface TrackFormat {
  kind: 'audio' | 'video'
  /** `audio/opus`, `video/VP8`, `video/H264`; case does not matter. */
  mimeType: string
  channels: number
  width: number
  height: number
  codecPrivate: Buffer | null
}

/**
 * What the recorder notes in each cluster, as JSON in a Void element, which every player passes over. It stands in the
 * same write as the media it speaks of, so after a kill the file alone tells how it lies in time.
 */
export const clusterNote = z.object({
  /** See SegmentFact: epoch, its RTP time at the start of the file, and the smallest arrival offset here. */
  epoch: z.string(),
  baseMs: z.number(),
  clockMs: z.number(),
  lastMs: z.number(),
  frames: z.number().int(),
  isKey: z.boolean(),
  width: z.number().int(),
  height: z.number().int(),
  /** Degrees clockwise by which its pictures are to be turned; one value a cluster. */
  rotation: rotation.default(0),
})
export type ClusterNote = z.infer<typeof clusterNote>

const CODECS: Record<string, string> = {
  'audio/opus': 'A_OPUS',
  'video/vp8': 'V_VP8',
  'video/h264': 'V_MPEG4/ISO/AVC',
}

export const isRecordable = (mimeType: string): boolean => mimeType.toLowerCase() in CODECS

/** EBML header, open Segment, Info and Tracks; clusters follow. The timestamp unit is one millisecond. */
export function fileHeader(format: TrackFormat): Buffer {
  const codec = CODECS[format.mimeType.toLowerCase()]
  if (!codec) throw new TypeError(`no Matroska codec for ${format.mimeType}`)
  const codecPrivate = format.codecPrivate ?? (codec === 'A_OPUS' ? opusHead(format.channels) : null)
  const track = [
    unsigned(0xd7, 1),
    unsigned(0x73c5, 1),
    unsigned(0x83, format.kind === 'video' ? 1 : 2),
    unsigned(0x9c, 0),
    text(0x86, codec),
    ...(codecPrivate ? [element(0x63a2, codecPrivate)] : []),
    format.kind === 'video'
      ? element(0xe0, unsigned(0xb0, format.width), unsigned(0xba, format.height))
      : element(0xe1, float(0xb5, 48_000), unsigned(0x9f, format.channels)),
  ]
  return Buffer.concat([
    element(ID.ebml, unsigned(0x4286, 1), unsigned(0x42f7, 1), text(0x4282, 'matroska'), unsigned(0x4287, 4)),
    idBytes(ID.segment),
    UNKNOWN_SIZE,
    element(ID.info, unsigned(0x2ad7b1, 1_000_000), text(0x4d80, 'diemcau'), text(0x5741, 'diemcau')),
    element(ID.tracks, element(0xae, ...track)),
  ])
}

/** Identification header of RFC 7845 §5.1. The pre-skip is 0: a recording starts in the middle of a stream. */
function opusHead(channels: number): Buffer {
  const head = Buffer.alloc(19)
  head.write('OpusHead', 0, 'latin1')
  head[8] = 1
  head[9] = channels
  head.writeUInt32LE(48_000, 12)
  return head
}

/** A block's time is a signed 16-bit number relative to its cluster (RFC 9559 §12.1). */
export function simpleBlock(relativeMs: number, isKey: boolean, data: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head[0] = 0x81
  head.writeInt16BE(relativeMs, 1)
  head[3] = isKey ? 0x80 : 0
  return Buffer.concat([idBytes(ID.simpleBlock), sizeBytes(4 + data.length), head, data])
}

export function cluster(timestampMs: number, note: ClusterNote | null, blocks: Buffer[]): Buffer {
  const noteElement = note ? [element(ID.void, Buffer.from(JSON.stringify(note), 'utf8'))] : []
  return element(ID.cluster, unsigned(ID.timestamp, timestampMs), ...noteElement, ...blocks)
}
