/** The synchronization source of those packets. */
export const TEST_SSRC = 4242

/** An RTP packet, by its timestamp the next 20 ms of Opus, with an empty payload of `bytes` (RFC 3550 §5.1). */
export function rtpPacket(sequence: number, bytes: number): Buffer {
  const rtp = Buffer.alloc(12 + bytes)
  rtp[0] = 0x80
  rtp[1] = 111
  rtp.writeUInt16BE(sequence, 2)
  rtp.writeUInt32BE(sequence * 960, 4)
  rtp.writeUInt32BE(TEST_SSRC, 8)
  return rtp
}
