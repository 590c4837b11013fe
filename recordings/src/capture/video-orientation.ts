import type { Rotation } from '@diemcau/core/recording/rotation.ts'
import { headerExtension, type RtpPacket } from './rtp.ts'

const ROTATIONS = [0, 90, 180, 270] as const

/**
 * What a packet says of how its picture is turned, or null when it says nothing, which leaves what was said before: a
 * sender says it with each key frame and with each change (3GPP TS 26.114 §7.4.5; libwebrtc also with every frame that is
 * turned). The two lowest bits are quarters of a turn; the bits before them (camera, flip) are not used by browsers.
 */
export function rotationOf(packet: RtpPacket, id: number | undefined): Rotation | null {
  const value = id === undefined ? null : headerExtension(packet, id)
  return value && value.length > 0 ? ROTATIONS[(value[0]! & 0b11) as 0 | 1 | 2 | 3] : null
}
