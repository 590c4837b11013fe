/** A recorder beside a browser: what it is told, what RTP it gets, and what the browser sees of it. */
import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import type { CaptureCommand, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../testing/eventually.ts'
import { expectEvent, Scenario } from './room-support/scenario.ts'

/** A UDP port that keeps the payload type and ssrc of the RTP packets it gets (RFC 3550 §5.1). */
async function openRtpPort() {
  const socket: Socket = createSocket('udp4')
  const packets: { payloadType: number; ssrc: number }[] = []
  socket.on('message', packet => {
    const payloadType = (packet[1] ?? 0) & 0x7f
    // RTCP is muxed on the same port; its types 200..207 read as 72..79 here (RFC 5761 §4).
    if (payloadType < 64 || payloadType > 95) packets.push({ payloadType, ssrc: packet.readUInt32BE(8) })
  })
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address() as AddressInfo
  return { port, packets, close: () => socket.close() }
}

describe('a capture', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  it('gets plain RTP of picture and sound, hears of changes, and shows as a recording only', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an', { grants: { attributes: { hall: 'A' } } })
    const camera = await an.publishDrawing({})
    const token = await scenario.sfu.token({ room, roomRecord: true, hidden: true, recorder: true })
    const socket = new WebSocket(`${scenario.sfu.wsUrl}/internal/capture?access_token=${token}`)
    const events: CaptureEvent[] = []
    socket.on('message', data => events.push(JSON.parse(String(data))))
    const ports = [await openRtpPort(), await openRtpPort()] as const
    const send = (command: CaptureCommand) => socket.send(JSON.stringify(command))
    const find = <T extends CaptureEvent['type']>(type: T, trackId?: string) =>
      events.find(
        (event): event is Extract<CaptureEvent, { type: T }> =>
          event.type === type && (trackId === undefined || ('trackId' in event && event.trackId === trackId)),
      )
    const expectRtp = async (trackId: string, { port, packets }: (typeof ports)[number]) => {
      send({ type: 'consume', trackId, address: '127.0.0.1', port })
      await eventually(() =>
        find('consuming', trackId) ? null : `not consuming: ${JSON.stringify(events.at(-1))}`,
      )
      send({ type: 'resume', trackId })
      await eventually(() => (packets.length > 10 ? null : `${packets.length} packets`))
      const { payloadType, ssrc, mimeType } = find('consuming', trackId)!
      expect(packets[0]).toEqual({ payloadType, ssrc })
      return mimeType
    }
    try {
      await eventually(() => (find('joined') ? null : 'no joined'))
      expect(events[0]).toMatchObject({
        type: 'joined',
        roomName: room,
        tracks: [
          { trackId: camera, identity: 'an', source: 'camera', muted: false, attributes: { hall: 'A' } },
        ],
      })
      await expectEvent(an, 'recording', 'true')
      expect((await an.state()).remote).toEqual([])
      expect(await expectRtp(camera, ports[0])).toBe('video/VP8')
      // How a telephone is held comes with the picture, never with the sound.
      expect(find('consuming', camera)?.videoOrientationId).toBeGreaterThan(0)

      const tone = await an.publishTone()
      await eventually(() => (find('track_published') ? null : 'not told of the new track'))
      expect(await expectRtp(tone, ports[1])).toBe('audio/opus')
      expect(find('consuming', tone)?.videoOrientationId).toBeUndefined()
      await eventually(() => (find('speakers') ? null : 'no speakers'))
      await an.setMuted(tone, true)
      await eventually(() => (find('track_muted', tone)?.muted ? null : 'not told of the mute'))
      await an.unpublish(camera)
      await eventually(() => (find('track_unpublished', camera) ? null : 'not told of the end'))

      await scenario.sfu.roomService().deleteRoom(room)
      await eventually(() => (socket.readyState === socket.CLOSED ? null : 'still open'))
      expect(events.at(-1)).toMatchObject({ type: 'closed', reason: 'deleted' })
    } finally {
      socket.terminate()
      for (const port of ports) port.close()
    }
  })

  it('ends with its socket, and the recording flag with it', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    const token = await scenario.sfu.token({ room, roomRecord: true })
    const socket = new WebSocket(`${scenario.sfu.wsUrl}/internal/capture?access_token=${token}`)
    await expectEvent(an, 'recording', 'true')
    socket.close()
    await expectEvent(an, 'recording', 'false')
  })
})
