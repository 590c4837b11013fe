/**
 * What two nodes say to each other about carried tracks (`PipeSignals`). Another node's word is input like any other: every
 * message is read by its schema where it arrives. Serials are numbers of the landing node, unique and rising as long as its
 * incarnation lives.
 */
import { isIP } from 'node:net'
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import type { RtpParameters } from 'mediasoup/types'
import { z } from 'zod'
import type { RemoteTrackFacts } from '../../room/base/node-media.ts'

const name = z.string().min(1).max(256)
const kind = z.enum(['audio', 'video'])
const serial = z.number().int().positive()
const ssrc = z.number().int().min(0).max(0xff_ff_ff_ff)
/** -1: nothing now. */
const spatialLayer = z.number().int().min(-1).max(7)

/**
 * Where one end of a pair of pipe transports listens, and the key of what it sends (AEAD_AES_256_GCM, RFC 7714: 32 bytes and
 * 12 of salt). Keys travel on the links between nodes, which are encrypted; they are never logged.
 */
const pairEnd = z.object({
  address: z.string().refine(text => isIP(text) !== 0),
  port: z.number().int().min(1).max(65_535),
  key: z.base64().length(60),
})
export type PairEnd = z.infer<typeof pairEnd>

/** All that is wanted of one track on the landing node. It stands for all before it: what is not in it is not wanted. */
const pipeWant = z.object({
  trackId: name,
  /** Of the same count as serials: pipes of this track with a lower serial that are not in it are over. */
  order: serial,
  codecs: z
    .array(
      z.object({
        mimeType: name,
        /** Its pipe; null: not published yet, but waited for. */
        serial: serial.nullable(),
        maxSpatialLayer: spatialLayer,
        isAside: z.boolean(),
        /** False: the layers shall be there, but nobody can take them yet. */
        isFlowing: z.boolean(),
      }),
    )
    .max(16),
})
export type PipeWant = z.infer<typeof pipeWant>

const pipeOpen = z.object({
  serial,
  trackId: name,
  mimeType: name,
  /** The pair the track is to travel on; `end` for as long as no answer has told of the other end. */
  pair: z.object({ id: name, homeRouter: name, end: pairEnd.optional() }),
  want: pipeWant,
})
export type PipeOpen = z.infer<typeof pipeOpen>

const parameters = z.record(
  z.string().max(64),
  z.union([z.string().max(512), z.number(), z.boolean(), z.null()]),
)

/** RTCRtpParameters as mediasoup writes them; it checks their sense itself. */
const rtpParameters = z.object({
  mid: z.string().max(16).optional(),
  msid: z.string().max(256).optional(),
  codecs: z
    .array(
      z.object({
        mimeType: name,
        payloadType: z.number().int().min(0).max(127),
        clockRate: z.number().int().positive(),
        channels: z.number().int().min(1).max(8).optional(),
        parameters: parameters.optional(),
        rtcpFeedback: z
          .array(z.object({ type: name, parameter: z.string().max(64).optional() }))
          .max(16)
          .optional(),
      }),
    )
    .min(1)
    .max(8),
  headerExtensions: z
    .array(
      z.object({
        uri: name,
        id: z.number().int().min(1).max(255),
        encrypt: z.boolean().optional(),
        parameters: parameters.optional(),
      }),
    )
    .max(32)
    .optional(),
  encodings: z
    .array(
      z.object({
        ssrc,
        rid: z.string().max(16).optional(),
        codecPayloadType: z.number().int().min(0).max(127).optional(),
        rtx: z.object({ ssrc }).optional(),
        dtx: z.boolean().optional(),
        scalabilityMode: z.string().max(32).optional(),
        maxBitrate: z.number().positive().optional(),
      }),
    )
    .min(1)
    .max(8),
  rtcp: z.object({ cname: z.string().max(256).optional(), reducedSize: z.boolean().optional() }).optional(),
})
// mediasoup's own type forbids members that are there and undefined, which JSON has none of.
const carriedParameters = rtpParameters.transform(given => given as RtpParameters)

/**
 * Why a track is not carried. `not_found`: not published there. `stale_pair`: the other end of the pair is gone, make another.
 * `over`: the landing node has given this serial up. `failed`: another try may do.
 */
const refusal = z.enum(['not_found', 'stale_pair', 'over', 'failed'])
export type Refusal = z.infer<typeof refusal>

const pipeAnswer = z.union([
  z.object({ serial, refused: refusal }),
  z.object({
    serial,
    refused: z.undefined().optional(),
    end: pairEnd,
    kind,
    rtpParameters: carriedParameters,
    /** Compared with the `rev` of states: the higher one is the newer word. */
    rev: serial,
    paused: z.boolean(),
  }),
])
export type PipeAnswer = z.infer<typeof pipeAnswer>

/** How a pipe is at home. It stands for all before it. */
const pipeState = z.object({
  serial,
  trackId: name,
  /** 0: said of a serial that is not known there. */
  rev: z.number().int().min(0),
  paused: z.boolean(),
  closed: z.boolean(),
})
export type PipeState = z.infer<typeof pipeState>

const layers = z
  .array(
    z.object({
      quality: z.number().int().min(0).max(8),
      width: z.number().int().min(0).max(65_535),
      height: z.number().int().min(0).max(65_535),
    }),
  )
  .max(16)

const remoteFacts = z.object({
  trackId: name,
  participantId: name,
  kind,
  stream: z.string().max(1_024),
  isScreen: z.boolean(),
  isVoice: z.boolean().default(false),
  layers,
  muted: z.boolean(),
  announced: z.array(name).max(16),
  codecs: z
    .array(
      z.object({
        mimeType: name,
        spatialLayers: z.number().int().min(1).max(8),
        simulcast: z.boolean(),
        layers,
      }),
    )
    .max(16),
  regressedTo: name.nullable(),
  homeRouter: name,
})

/** @throws AppError('invalid_argument'), which names the fields that are wrong, none of their values. */
function read<T>(schema: z.ZodType<T>, what: string, message: unknown): T {
  const { success, data, error } = schema.safeParse(message)
  if (success) return data
  const fields = error.issues.map(issue => issue.path.join('.') || 'message')
  throw new AppError('invalid_argument', `${what} cannot be read: ${[...new Set(fields)].join(', ')}`)
}

export const readOpen = (message: unknown): PipeOpen => read(pipeOpen, 'pipe.open', message)
export const readAnswer = (message: unknown): PipeAnswer => read(pipeAnswer, 'pipe.opened', message)
export const readWant = (message: unknown): PipeWant => read(pipeWant, 'pipe.want', message)
export const readState = (message: unknown): PipeState => read(pipeState, 'pipe.state', message)

export function readFacts(facts: unknown): RemoteTrackFacts {
  const { trackId, participantId, ...rest } = read(remoteFacts, 'a remote track', facts)
  return { ...rest, trackId: trackId as TrackId, participantId: participantId as ParticipantId }
}
