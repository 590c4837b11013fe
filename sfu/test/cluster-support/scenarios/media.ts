/** Picture and sound between clients of all nodes, and who may have them. */
import { RoomEvent } from '@livekit/rtc-node'
import { TrackSource } from 'livekit-server-sdk'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { NativePeer } from '../../../../testing/native-peer.ts'
import { expectEncoder } from '../../room-support/encoder.ts'
import { expectEvent, expectNoPicture, expectPicture, expectSound } from '../../room-support/scenario.ts'
import type { Ground } from '../ground.ts'

const PATIENCE_MS = 30_000

/** Waits until so many more pictures, and as much sound, have come from now on. */
export const expectSeen = (peer: NativePeer, identity: string, frames = 8) => {
  const before = peer.from(identity).videoFrames
  return eventually(() => {
    const grown = peer.from(identity).videoFrames - before
    return grown >= frames ? null : `${grown} pictures of ${identity}`
  }, PATIENCE_MS)
}
export const expectHeardLoud = (peer: NativePeer, identity: string, frames = 15) => {
  const before = peer.from(identity).loudFrames
  return eventually(() => {
    const grown = peer.from(identity).loudFrames - before
    return grown >= frames ? null : `${grown} loud frames of ${identity}`
  }, PATIENCE_MS)
}

/** Waits until a third of a second goes by without a picture, what was on its way being through. */
const expectNothingSeen = (peer: NativePeer, identity: string) => {
  let before = -1
  return eventually(
    () => {
      const now = peer.from(identity).videoFrames
      const isStill = now === before
      before = now
      return isStill ? null : 'pictures still come'
    },
    PATIENCE_MS,
    350,
  )
}

export function media(ground: () => Ground): void {
  it('native clients of all nodes see and hear each other, and see a track end', async () => {
    const room = ground().newRoom()
    const peers = await Promise.all(['an', 'binh', 'chi'].map(identity => ground().join(room, identity)))
    const [an, binh, chi] = peers as [NativePeer, NativePeer, NativePeer]
    const camera = await an.publishCamera()
    await Promise.all([an.publishMicrophone(), binh.publishCamera(), binh.publishMicrophone()])
    await Promise.all([
      ...[
        expectSeen(binh, 'an'),
        expectHeardLoud(binh, 'an'),
        expectSeen(chi, 'an'),
        expectHeardLoud(chi, 'an'),
      ],
      ...[
        expectSeen(an, 'binh'),
        expectHeardLoud(an, 'binh'),
        expectSeen(chi, 'binh'),
        expectHeardLoud(chi, 'binh'),
      ],
    ])
    expect(chi.from('an').videoSize).toBe('320x240')
    const shown = await ground().everywhere(api => api.getParticipant(room, 'an'))
    for (const { tracks } of shown) expect(tracks.map(({ sid }) => sid)).toContain(camera)
    await an.unpublish(camera)
    for (const viewer of [binh, chi])
      await eventually(() =>
        viewer.room.remoteParticipants.get('an')?.trackPublications.has(camera)
          ? 'the track is still there'
          : null,
      )
    // One who comes later gets what is there.
    const late = await ground().join(room, 'late')
    await Promise.all([expectSeen(late, 'binh'), expectHeardLoud(late, 'an')])
  })

  it('a browser and native clients: seen, heard, spoken of, muted by itself and by the API', async () => {
    const room = ground().newRoom()
    const web = await ground().page(room, 'web')
    const binh = await ground().join(room, 'binh')
    const [camera, tone] = [await web.publishDrawing({}), await web.publishTone()]
    await Promise.all([binh.publishCamera(), binh.publishMicrophone()])
    await Promise.all([
      ...[expectPicture(web, 'binh'), expectSound(web, 'binh')],
      ...[expectSeen(binh, 'web'), expectHeardLoud(binh, 'web')],
    ])
    const isMuted = (sid: string) =>
      binh.room.remoteParticipants.get('web')?.trackPublications.get(sid)?.muted
    await web.setMuted(camera, true)
    await eventually(() => (isMuted(camera) ? null : 'not muted'))
    await expectNothingSeen(binh, 'web')
    await web.setMuted(camera, false)
    await eventually(() => (isMuted(camera) === false ? null : 'still muted'))
    await expectSeen(binh, 'web')

    expect(await ground().api(1).mutePublishedTrack(room, 'web', tone, true)).toMatchObject({
      sid: tone,
      muted: true,
    })
    await eventually(() => (isMuted(tone) ? null : 'not muted'))
    await eventually(async () =>
      (await web.localTracks()).find(({ sid }) => sid === tone)?.muted ? null : 'not muted at its owner',
    )
    await expect(ground().api(1).mutePublishedTrack(room, 'web', tone, false)).rejects.toThrow(/unmute/)
  })

  it('who speaks and how good connections are is told at the other nodes', async () => {
    const room = ground().newRoom()
    const web = await ground().page(room, 'web')
    const an = await ground().join(room, 'an')
    const speakers: string[] = []
    const microphone = await an.publishMicrophone()
    const chi = await ground().join(room, 'chi')
    chi.room.on(RoomEvent.ActiveSpeakersChanged, list =>
      speakers.push(list.map(({ identity }) => identity).join()),
    )
    await expectEvent(web, 'speakers', 'an')
    await eventually(() =>
      speakers.includes('an') ? null : `chi was told ${speakers.join(' | ') || 'nothing'}`,
    )
    await expectEvent(web, 'quality', 'an=excellent')
    await an.unpublish(microphone)
    await expectEvent(web, 'speakers', '')
  })

  it('only those get a track whom its publisher and their own permissions allow, until that changes', async () => {
    const room = ground().newRoom()
    const web = await ground().page(room, 'web')
    await web.allowSubscribers(['binh', 'dung'])
    await web.publishDrawing({})
    const [binh, chi] = [await ground().join(room, 'binh'), await ground().join(room, 'chi')]
    const dung = await ground().join(room, 'dung', { canSubscribe: false })
    await expectSeen(binh, 'web')
    expect([chi.from('web').videoFrames, dung.from('web').videoFrames]).toEqual([0, 0])
    expect(chi.room.remoteParticipants.get('web')?.trackPublications.size).toBe(1)
    await web.allowSubscribers(['chi', 'dung'])
    await expectSeen(chi, 'web')
    await ground()
      .api(1)
      .updateParticipant(room, 'dung', {
        permission: { canSubscribe: true, canPublish: true, canPublishData: true },
      })
    await expectSeen(dung, 'web')
    await expectNothingSeen(binh, 'web')
  })

  it('tracks are subscribed and published as the API at another node says', async () => {
    const room = ground().newRoom()
    const an = await ground().join(room, 'an')
    const binh = await ground().join(room, 'binh', {}, { autoSubscribe: false })
    const camera = await an.publishCamera()
    await eventually(() =>
      binh.room.remoteParticipants.get('an')?.trackPublications.has(camera) ? null : 'no track is told',
    )
    expect(binh.from('an').videoFrames).toBe(0)
    await ground().api(2).updateSubscriptions(room, 'binh', [camera], true)
    await expectSeen(binh, 'an')
    await ground().api(0).updateSubscriptions(room, 'binh', [camera], false)
    await expectNothingSeen(binh, 'an')

    const permission = { canSubscribe: true, canPublish: false, canPublishData: true }
    const silenced = await ground().api(1).updateParticipant(room, 'an', { permission })
    expect(silenced.permission?.canPublish).toBe(false)
    await eventually(() => {
      const tracks = binh.room.remoteParticipants.get('an')?.trackPublications.size
      return tracks === 0 ? null : `${tracks} tracks are still there`
    })
    const allowed = { ...permission, canPublish: true, canPublishSources: [TrackSource.MICROPHONE] }
    await ground().api(2).updateParticipant(room, 'an', { permission: allowed })
    for (const info of await ground().everywhere(api => api.getParticipant(room, 'an')))
      expect(info.permission?.canPublishSources).toEqual([TrackSource.MICROPHONE])
  })

  it('a publisher encodes only while somebody watches, at whichever node, and then the layer that is wanted', async () => {
    const room = ground().newRoom()
    const an = await ground().join(room, 'an', {}, { dynacast: true })
    const binh = await ground().join(room, 'binh')
    const sid = await an.publishCamera({ width: 640, height: 360, simulcast: true })
    await expectSeen(binh, 'an')
    await expectEncoder(an, true, 700)
    const publication = binh.room.remoteParticipants.get('an')?.trackPublications.get(sid)
    publication?.setSubscribed(false)
    await expectEncoder(an, false, 700)
    publication?.setSubscribed(true)
    await expectSeen(binh, 'an')
    await expectEncoder(an, true, 700)
  })

  it('a browser’s layers are encoded as its viewers at other nodes want them', async () => {
    const room = ground().newRoom()
    const web = await ground().page(room, 'web', {}, { room: { dynacast: true } })
    const [low, high] = [await ground().page(room, 'low'), await ground().page(room, 'high')]
    const sid = await web.publishDrawing({ simulcast: true, width: 640, height: 360 })
    await Promise.all([expectPicture(low, 'web'), expectPicture(high, 'web')])
    const expectLayers = (wanted: string) =>
      eventually(
        async () => {
          const layers = await web.activeLayers(sid)
          const active = layers.filter(layer => layer.active).map(layer => layer.rid)
          return active.join() === wanted ? null : `active: ${active.join()}`
        },
        PATIENCE_MS,
        200,
      )
    await Promise.all([low.setQuality('web', 'camera', 'LOW'), high.setQuality('web', 'camera', 'LOW')])
    await expectLayers('q')
    await high.setQuality('web', 'camera', 'HIGH')
    await expectLayers('q,h')
    await expectPicture(high, 'web')
    await web.setMuted(sid, true)
    await expectEvent(high, 'trackMuted', 'web/camera')
    await expectNoPicture(high, 'web')
  })
}
