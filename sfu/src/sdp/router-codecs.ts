import type { RouterRtpCodecCapability } from 'mediasoup/types'

const h264 = (profileLevelId: string): RouterRtpCodecCapability => ({
  kind: 'video',
  mimeType: 'video/H264',
  clockRate: 90_000,
  parameters: {
    'packetization-mode': 1,
    'profile-level-id': profileLevelId,
    'level-asymmetry-allowed': 1,
  },
})

/**
 * What every router forwards. mediasoup matches H264 by profile, so each profile that browsers send has its own
 * entry: constrained baseline (everyone), baseline and main (Chrome), constrained high and high (Safari, hardware encoders).
 */
export const ROUTER_CODECS: RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
  h264('42e01f'),
  h264('42001f'),
  h264('4d001f'),
  h264('640c1f'),
  h264('64001f'),
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90_000, parameters: { 'profile-id': 0 } },
  { kind: 'video', mimeType: 'video/AV1', clockRate: 90_000 },
]

/** Header extensions mediasoup reads from publishers; all others are left out of the answer. */
export const PUBLISHER_EXTENSIONS = {
  audio: new Set([
    'urn:ietf:params:rtp-hdrext:sdes:mid',
    'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  ]),
  video: new Set([
    'urn:ietf:params:rtp-hdrext:sdes:mid',
    'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
    'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
    'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
    'urn:3gpp:video-orientation',
    'urn:ietf:params:rtp-hdrext:toffset',
  ]),
} as const

/** mediasoup writes the dependency descriptor at this id but does not announce it to consumers. */
export const DEPENDENCY_DESCRIPTOR = {
  uri: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  id: 7,
} as const

/** RTCP feedback (`type parameter`) mediasoup understands, per kind. */
export const FEEDBACK = {
  audio: new Set(['nack', 'transport-cc']),
  video: new Set(['nack', 'nack pli', 'ccm fir', 'goog-remb', 'transport-cc']),
} as const

/** H264 profile of a profile-level-id (RFC 6184 §8.1, table 5), or null for one no router entry has. */
export function h264Profile(profileLevelId: string | undefined): string | null {
  // Absent means baseline, level 1 (RFC 6184 §8.1), which libwebrtc reads as constrained baseline.
  if (profileLevelId === undefined || profileLevelId === '') return 'constrained-baseline'
  if (!/^[0-9a-f]{6}$/i.test(profileLevelId)) return null
  const idc = profileLevelId.slice(0, 2).toLowerCase()
  const flags = Number.parseInt(profileLevelId.slice(2, 4), 16)
  if (idc === '42') return flags & 0x40 ? 'constrained-baseline' : 'baseline'
  if (idc === '4d') return flags & 0x80 ? 'constrained-baseline' : 'main'
  if (idc === '64') return flags === 0x0c ? 'constrained-high' : flags === 0 ? 'high' : null
  return null
}
