/**
 * Contract between an SFU node and `recordings`: one WebSocket per running recording, JSON text frames,
 * opened by recordings at `GET {SFU_URL ws}/internal/capture?access_token=JWT` (LiveKit token signed with the API
 * secret, grants `{ room, roomRecord: true, hidden: true, recorder: true }`). The SFU never shows the capture
 * connection to participants. Closing the socket closes all its plain transports. Media is plain RTP (no SRTP) from
 * the SFU to the address the recorder names; RTCP is muxed on the same port.
 */
import { z } from 'zod'

/** Reason and error code: only the participants have the key, so nothing can be recorded. */
export const END_TO_END_ENCRYPTED = 'end_to_end_encrypted'

/**
 * Why the SFU ends a capture: the room was deleted, or closed because nobody was in it; the node stops and its room comes
 * back elsewhere or a moment later; the recorder itself hung up (nobody hears that one).
 */
export const captureCloseReason = z.enum(['deleted', 'idle', 'node_stopping', 'recorder_gone'])
export type CaptureCloseReason = z.infer<typeof captureCloseReason>

export const capturedTrack = z.object({
  trackId: z.string(),
  participantId: z.string(),
  identity: z.string(),
  name: z.string(),
  attributes: z.record(z.string(), z.string()),
  kind: z.enum(['audio', 'video']),
  source: z.enum(['camera', 'microphone', 'screen_share', 'screen_share_audio', 'unknown']),
  mimeType: z.string(),
  width: z.number().int().nonnegative(),
  height: z.number().int().nonnegative(),
  muted: z.boolean(),
  /** End-to-end encrypted by its publisher: `consume` is answered `consume_failed` with END_TO_END_ENCRYPTED. */
  encrypted: z.boolean().optional(),
})
export type CapturedTrack = z.infer<typeof capturedTrack>

/**
 * Recorder → SFU. `consume` may come once a track, and again after `release` or `consume_failed`; `address`/`port` is where RTP is
 * sent. The stream starts paused. Commands of one track are handled in their order, those of several beside each other.
 */
export const captureCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('consume'), trackId: z.string(), address: z.string(), port: z.number().int() }),
  /** Starts the flow and asks the publisher for a key frame. May be sent again to only ask for a key frame. */
  z.object({ type: z.literal('resume'), trackId: z.string() }),
  z.object({ type: z.literal('release'), trackId: z.string() }),
])
export type CaptureCommand = z.infer<typeof captureCommand>

/** SFU → recorder. All `at` are milliseconds since the epoch on the SFU's clock. */
export const captureEvent = z.discriminatedUnion('type', [
  /** First message: the room as it is. */
  z.object({
    type: z.literal('joined'),
    roomName: z.string(),
    roomId: z.string(),
    at: z.number(),
    tracks: z.array(capturedTrack),
  }),
  z.object({ type: z.literal('track_published'), at: z.number(), track: capturedTrack }),
  z.object({ type: z.literal('track_unpublished'), at: z.number(), trackId: z.string(), reason: z.string() }),
  z.object({ type: z.literal('track_muted'), at: z.number(), trackId: z.string(), muted: z.boolean() }),
  z.object({
    type: z.literal('participant_updated'),
    at: z.number(),
    participantId: z.string(),
    identity: z.string(),
    name: z.string(),
    attributes: z.record(z.string(), z.string()),
  }),
  /** Answer to `consume`: what will arrive. `fmtp` as in SDP, may be empty. */
  z.object({
    type: z.literal('consuming'),
    trackId: z.string(),
    /** That of the `consume` this answers. */
    port: z.number().int().optional(),
    payloadType: z.number().int(),
    ssrc: z.number().int(),
    mimeType: z.string(),
    clockRate: z.number().int(),
    channels: z.number().int().optional(),
    fmtp: z.string(),
    /** Id of the RTP header extension that tells how the picture is turned (3GPP TS 26.114 §7.4.5), where it may come. */
    videoOrientationId: z.number().int().min(1).max(255).optional(),
  }),
  /**
   * The track is not sent to `port`, or not any more (its media worker died, the way from another node was lost): nothing of it
   * comes until it is consumed again, which may be tried for as long as it is published.
   */
  z.object({
    type: z.literal('consume_failed'),
    trackId: z.string(),
    port: z.number().int().optional(),
    reason: z.string(),
  }),
  /** Participants heard now, loudest first; sent behind `joined` if there are any, and on change, at most every 400 ms. */
  z.object({ type: z.literal('speakers'), at: z.number(), participantIds: z.array(z.string()) }),
  /**
   * The node is about to stop: the recorder has some seconds to take the room at another node. Until it closes this connection, or `closed`
   * comes, everything goes on here.
   */
  z.object({ type: z.literal('moving'), at: z.number() }),
  /** Last message: the room is gone (ended or deleted) or the node is stopping. */
  z.object({ type: z.literal('closed'), at: z.number(), reason: captureCloseReason }),
])
export type CaptureEvent = z.infer<typeof captureEvent>
