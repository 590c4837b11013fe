/** RoomService.ForwardParticipant with stock browsers in two or three rooms and real media, on two workers and on one. */
import dgram from 'node:dgram'
import { once } from 'node:events'
import type { CaptureCommand, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { dispose } from '@livekit/rtc-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import type { BrowserClient } from './room-support/browser.ts'
import {
  expectEvent,
  expectNoPicture,
  expectPicture,
  expectSound,
  Scenario,
} from './room-support/scenario.ts'

/** What is open in the media workers, by kind, without what is closed. */
async function openMedia(scenario: Scenario): Promise<string[]> {
  const metrics = await (await fetch(`${scenario.sfu.url}/metrics`)).text()
  const lines = metrics.split('\n').filter(line => line.startsWith('diemcau_sfu_media_open{'))
  expect(lines.length).toBeGreaterThan(5)
  return lines.filter(line => !line.endsWith(' 0'))
}

describe('a participant forwarded to another room', () => {
  let scenario: Scenario
  const [from, to] = ['forward-from', 'forward-to']
  let an: BrowserClient
  let met: BrowserClient
  let left: BrowserClient
  let camera: string
  let tone: string

  beforeAll(async () => {
    scenario = await Scenario.create()
    an = await scenario.join(from, 'an', { room: { dynacast: true } })
    met = await scenario.join(to, 'met')
    expect((await scenario.sfu.workers()).map(worker => worker.peers)).toEqual([1, 1])
    left = await scenario.join(from, 'left')
    camera = await an.publishDrawing({ simulcast: true, width: 640, height: 360 })
    tone = await an.publishTone()
    await scenario.sfu.roomService().forwardParticipant(from, 'an', to)
  })
  afterAll(async () => {
    await scenario?.close()
    await dispose()
  })

  it('is seen and heard there from another worker, speaks there, and learns that it is watched', async () => {
    await expectEvent(met, 'participantConnected', 'an')
    await Promise.all([expectPicture(met, 'an'), expectSound(met, 'an'), expectPicture(left, 'an')])
    await expectEvent(met, 'speakers', 'an')
    const api = scenario.sfu.roomService()
    const [source, shown] = [await api.getParticipant(from, 'an'), await api.getParticipant(to, 'an')]
    expect(shown.sid).not.toBe(source.sid)
    expect(shown.tracks.map(track => track.sid)).toEqual(source.tracks.map(track => track.sid))
    expect((await an.state()).remote).toEqual(['left'])
  })

  it('is seen and heard there by a native client that comes later', async () => {
    const native = await NativePeer.join(scenario.sfu, { room: to, identity: 'native' })
    const seen = () => native.from('an')
    await eventually(() => (seen().videoFrames > 5 ? null : `${seen().videoFrames} pictures`), 15_000)
    await eventually(() => (seen().loudFrames > 5 ? null : 'no sound'), 15_000)
    await native.leave()
  })

  it('is captured there as plain RTP until it is taken out', async () => {
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    let packets = 0
    socket.on('message', () => void packets++)
    const token = await scenario.sfu.token({ room: to, roomRecord: true })
    const recorder = new WebSocket(`${scenario.sfu.wsUrl}/internal/capture?access_token=${token}`)
    const events: CaptureEvent[] = []
    recorder.on('message', data => events.push(JSON.parse(String(data))))
    const send = (command: CaptureCommand) => recorder.send(JSON.stringify(command))
    const told = (type: CaptureEvent['type']) => () =>
      events.some(event => event.type === type) ? null : `no ${type}: ${JSON.stringify(events)}`
    await eventually(told('joined'))
    expect(events[0]).toMatchObject({ tracks: [{ trackId: camera, identity: 'an' }, { trackId: tone }] })
    send({ type: 'consume', trackId: camera, address: '127.0.0.1', port: socket.address().port })
    await eventually(told('consuming'))
    send({ type: 'resume', trackId: camera })
    await eventually(() => (packets > 10 ? null : `${packets} packets`))
    await scenario.sfu.roomService().removeParticipant(to, 'an')
    await eventually(told('track_unpublished'))
    let last = -1
    await eventually(
      () => {
        const isStill = last === packets
        last = packets
        return isStill ? null : 'packets still come'
      },
      10_000,
      300,
    )
    recorder.close()
    socket.close()
    await scenario.sfu.roomService().forwardParticipant(from, 'an', to)
    await expectPicture(met, 'an')
  })

  it('sends what the more demanding of both rooms wants', async () => {
    const expectLayers = (wanted: string) =>
      eventually(
        async () => {
          const layers = await an.activeLayers(camera)
          const active = layers.filter(layer => layer.active).map(layer => layer.rid)
          return active.join() === wanted ? null : `active: ${active.join()}`
        },
        20_000,
        200,
      )
    await Promise.all([left.setQuality('an', 'camera', 'LOW'), met.setQuality('an', 'camera', 'LOW')])
    await expectLayers('q')
    await met.setQuality('an', 'camera', 'HIGH')
    await expectLayers('q,h')
  })

  it('is muted and unmuted there with its source', async () => {
    await an.setMuted(camera, true)
    await expectEvent(met, 'trackMuted', 'an/camera')
    await expectNoPicture(met, 'an')
    await an.setMuted(camera, false)
    await expectEvent(met, 'trackUnmuted', 'an/camera')
    await expectPicture(met, 'an')
    await scenario.sfu.roomService().mutePublishedTrack(from, 'an', tone, true)
    await expectEvent(met, 'trackMuted', 'an/microphone')
  })

  it('is taken out there without harm to its own room, comes again, and ends with its source', async () => {
    const api = scenario.sfu.roomService()
    await api.removeParticipant(to, 'an')
    await expectEvent(met, 'participantDisconnected', 'an')
    await expectPicture(left, 'an')
    await api.forwardParticipant(from, 'an', to)
    await expectPicture(met, 'an')
    await an.leave()
    await eventually(async () => {
      const { remote } = await met.state()
      return remote.length === 0 ? null : `still there: ${remote.join()}`
    })
    expect(await api.listParticipants(to)).toMatchObject([{ identity: 'met' }])
    await scenario.reset()
    await Promise.all([api.deleteRoom(from), api.deleteRoom(to)])
    await eventually(
      async () => {
        const open = await openMedia(scenario)
        return open.length === 0 ? null : open.join('; ')
      },
      15_000,
      200,
    )
    const { webhooks } = scenario.sfu
    await webhooks.waitFor(({ event, room }) => event === 'room_finished' && room?.name === to)
    const story = webhooks.events
      .filter(({ room, participant }) => room?.name === to && participant?.identity === 'an')
      .map(({ event }) => event)
    const [tracks, ended] = [Array(2).fill('track_published'), Array(2).fill('track_unpublished')]
    const stay = ['participant_joined', ...tracks, ...ended, 'participant_left']
    expect(story).toEqual([...stay, ...stay, ...stay])
  })
})

describe('a participant forwarded to a room on the same media worker', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create({ sfu: { workers: 1 } })
  })
  afterAll(() => scenario?.close())

  it('is seen and heard there, and again after it was taken out', async () => {
    const [from, to, third] = [scenario.newRoom(), scenario.newRoom(), scenario.newRoom()]
    const an = await scenario.join(from, 'an')
    const met = await scenario.join(to, 'met')
    const other = await scenario.join(third, 'other')
    expect((await scenario.sfu.workers()).map(worker => worker.peers)).toEqual([3])
    await Promise.all([an.publishDrawing({ simulcast: true, width: 640, height: 360 }), an.publishTone()])
    const api = scenario.sfu.roomService()
    await Promise.all([api.forwardParticipant(from, 'an', to), api.forwardParticipant(from, 'an', third)])
    for (const viewer of [met, other])
      await Promise.all([expectPicture(viewer, 'an'), expectSound(viewer, 'an')])
    await expectEvent(met, 'speakers', 'an')
    await api.removeParticipant(to, 'an')
    await expectEvent(met, 'participantDisconnected', 'an')
    await api.forwardParticipant(from, 'an', to)
    await Promise.all([expectPicture(met, 'an'), expectSound(met, 'an'), expectPicture(other, 'an')])
  })
})
