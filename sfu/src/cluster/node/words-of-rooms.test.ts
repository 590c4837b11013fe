/** What one node says to another of a room, over links: each kind of word reaches whom it is for. */
import type { TrackId } from '@diemcau/core/ids.ts'
import {
  GetDataBlobRequest,
  PublishDataTrackRequest,
  StoreDataBlobRequest,
  UpdateDataSubscription,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { TestCluster, type TestClusterNode } from '../../../test/room-support/test-cluster.ts'
import { type Client, publish, received, settle, userPacket } from '../../../test/room-support/test-room.ts'

let cluster: TestCluster
let a: TestClusterNode
let b: TestClusterNode
let an: Client
let binh: Client

async function join(node: TestClusterNode, identity: string): Promise<Client> {
  const member = await node.join(identity)
  await settle()
  node.connect(member)
  await settle()
  return { ...member, peer: node.rooms.media.peer(member.participant.id) }
}
const until = (holds: () => boolean, what: string) => eventually(() => (holds() ? undefined : what))

beforeEach(async () => {
  cluster = await TestCluster.start(2)
  ;[a, b] = cluster.nodes as [TestClusterNode, TestClusterNode]
  an = await join(a, 'an')
  binh = await join(b, 'binh')
  await until(() => a.shows().length === 2 && b.shows().length === 2, 'not all are shown')
})
afterEach(() => cluster.close())

describe('words of a room between its nodes', () => {
  it('bring data to its receivers, and the publisher’s news of its first subscriber', async () => {
    for (const sequence of [1, 2, 3])
      an.peer.listener.onData('reliable', userPacket(`${sequence}`, { sequence }))
    await until(() => received(binh).length === 3, 'data is missing')
    expect(received(binh).map(({ packet }) => packet.sequence)).toEqual([1, 2, 3])
    const camera = await publish(an, 'cam')
    await until(() => binh.peer.subscribed.has(camera), 'the track is not subscribed')
    await until(() => an.link.all('trackSubscribed').length === 1, 'its publisher does not know')
  })

  it('bring the frames of a data track where they are wanted', async () => {
    const { tracks } = an.room.data
    tracks.publish(an.participant, new PublishDataTrackRequest({ pubHandle: 1, name: 'gps' }))
    const trackSid = an.link.last('publishDataTrackResponse').info!.sid
    await until(() => binh.link.told('an')?.dataTracks.length === 1, 'the data track is not told')
    const updates = [{ trackSid, subscribe: true }]
    binh.room.data.tracks.updateSubscription(binh.participant, new UpdateDataSubscription({ updates }))
    const frame = Buffer.alloc(13)
    frame.writeUInt8(0b1_1000, 0)
    frame.writeUInt16BE(1, 2)
    await until(() => {
      an.peer.listener.onData('data_track', frame)
      return binh.peer.sent.some(({ kind }) => kind === 'data_track')
    }, 'no frame came')
  })

  it('get a blob from its owner’s node', async () => {
    const key = { key: { case: 'generic' as const, value: 'schema' } }
    const blob = { key, contents: Buffer.from('x') }
    an.room.data.blobs.store(an.participant, new StoreDataBlobRequest({ requestId: 1, blob }))
    const ask = (participantIdentity: string, requestId: number) =>
      binh.room.data.blobs.get(
        binh.participant,
        new GetDataBlobRequest({ requestId, participantIdentity, key }),
      )
    ask('an', 2)
    await until(() => binh.link.all('getDataBlobResponse').length === 1, 'no answer')
    expect(Buffer.from(binh.link.last('getDataBlobResponse').blob!.contents).toString()).toBe('x')
  })

  it('tell that it is recorded at another node, and let its tracks go there', async () => {
    const camera = await publish(an, 'cam')
    const mayHave = () => a.rooms.roomMedia().nodes!.mayHave(b.cluster.session.steps.inst, camera as TrackId)
    const recorded = () => an.link.all('roomUpdate').at(-1)?.room?.activeRecording
    const capture = await b.rooms.registry.openCapture('R', () => {})
    await until(() => recorded() === true, 'the recording is not told')
    binh.room.leave(binh.participant, 'client_left')
    await until(() => a.shows().length === 1, 'he is still shown')
    expect(mayHave()).toBe(true)
    await capture.close('recorder_gone')
    await until(() => recorded() === false && !mayHave(), 'its end is not told')
  })
})
