/** Data blobs of members on other nodes. */
import {
  GetDataBlobRequest,
  ParticipantPermission,
  RequestResponse_Reason as Reason,
  StoreDataBlobRequest,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { type Client, settle } from '../../../test/room-support/test-room.ts'

let east: TestNode
let west: TestNode
let an: Client
let binh: Client
beforeEach(async () => {
  east = new TestNode('ND_east')
  west = new TestNode('ND_west')
  west.peersById.set(east.id, east)
  an = await east.rooms.join('an')
  binh = await west.rooms.join('binh')
  await deliver([east, west])
})
afterEach(async () => {
  await east.rooms.registry.close()
  await west.rooms.registry.close()
})

const key = (value: string) => ({ key: { case: 'generic' as const, value } })
const store = (client: Client, name: string, text: string) => {
  const blob = { key: key(name), contents: Buffer.from(text) }
  client.room.data.blobs.store(client.participant, new StoreDataBlobRequest({ requestId: 1, blob }))
}
const get = async (client: Client, participantIdentity: string, name: string, requestId = 7) => {
  const request = new GetDataBlobRequest({ requestId, participantIdentity, key: key(name) })
  client.room.data.blobs.get(client.participant, request)
  await settle()
}

describe('a data blob of a member on another node', () => {
  it('is got from there, as it is there by then', async () => {
    store(an, 'schema', 'old')
    await get(binh, 'an', 'schema')
    store(an, 'schema', 'new')
    await get(binh, 'an', 'schema', 8)
    const found = binh.link.all('getDataBlobResponse')
    expect(
      found.map(({ requestId, blob }) => [requestId, Buffer.from(blob?.contents ?? []).toString()]),
    ).toEqual([
      [7, 'old'],
      [8, 'new'],
    ])
    expect(found[0]?.blob?.key).toMatchObject(key('schema'))
  })

  it('that is not there is told as on one node, and so are one without a key and one of nobody', async () => {
    await get(binh, 'an', 'none')
    const last = () => binh.link.last('requestResponse')
    expect(last()).toMatchObject({ requestId: 7, reason: Reason.NOT_FOUND, message: 'data blob not found' })
    await get(binh, 'an', '')
    expect(last()).toMatchObject({ reason: Reason.INVALID_REQUEST })
    await get(binh, 'nobody', 'x')
    expect(last()).toMatchObject({ reason: Reason.NOT_FOUND, message: 'participant not found' })
  })

  it('is none of somebody who is hidden, or has left while it was asked for', async () => {
    store(an, 'schema', 'x')
    // His node knows of that first.
    const hidden = new ParticipantPermission({ hidden: true, canPublishData: true })
    an.room.changes.permission(an.participant, hidden)
    await get(binh, 'an', 'schema')
    const nobody = { reason: Reason.NOT_FOUND, message: 'participant not found' }
    expect(binh.link.last('requestResponse')).toMatchObject(nobody)
    await deliver([east, west])
    west.peersById.clear()
    await get(binh, 'an', 'schema', 9)
    expect(binh.link.last('requestResponse')).toMatchObject({ ...nobody, requestId: 9 })
    expect(binh.link.all('getDataBlobResponse')).toEqual([])
  })

  it('is told as not got when the other node does not answer, or says what cannot be read', async () => {
    west.peersById.clear()
    await get(binh, 'an', 'schema')
    expect(binh.link.last('requestResponse')).toMatchObject({ reason: Reason.UNCLASSIFIED_ERROR })
    expect(() => east.shared.get('R')!.nodes.answerBlob(Buffer.from([255, 255]))).toThrow('no data blob')
  })
})
