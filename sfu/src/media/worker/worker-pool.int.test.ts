/** Where peers go on real workers: a room stays on one until its budget is passed, by what is measured and by what is expected. */
import { newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import pino from 'pino'
import { afterEach, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { rtpPacket, TEST_SSRC } from '../../../test/pipe-support/rtp-packet.ts'
import type { MediaNode, PeerMedia, RoomMedia } from '../../room/base/ports.ts'
import { createMediaNode } from '../media-node.ts'
import { RoomRouter } from './room-router.ts'
import { WorkerPool } from './worker-pool.ts'

const FIRST_PORT = 21_310
const settings = {
  ...(process.env.MEDIASOUP_WORKER_BIN ? { workerBin: process.env.MEDIASOUP_WORKER_BIN } : {}),
  workerCount: 2,
  listenAddress: '127.0.0.1',
  announcedAddresses: ['127.0.0.1'],
  firstMediaPort: FIRST_PORT,
}
const quiet = pino({ level: 'silent' })
const noListener = new Proxy({}, { get: () => () => {} }) as never

let node: MediaNode | undefined
let pool: WorkerPool | undefined
afterEach(async () => {
  await node?.close('node_stopping')
  await pool?.close()
  node = undefined
  pool = undefined
})

const open = (room: RoomMedia, mayPublish = false): Promise<PeerMedia> =>
  room.openPeer({ participantId: newParticipantId(), canShareStreams: true, mayPublish }, noListener)

it('a room with several connections stays on one worker until its budget is passed, then goes on at the next', async () => {
  const lines: { workerIndex?: number; why?: string; load?: number }[] = []
  const logger = pino({ level: 'info' }, { write: line => void lines.push(JSON.parse(line)) })
  node = await createMediaNode({ ...settings, workerBudget: 5, logger })
  const room = node.openRoom(newRoomId(), noListener)
  const peers: PeerMedia[] = [await open(room, true)]
  for (let n = 0; n < 11; n++) peers.push(await open(room))
  const on = peers.map(({ workerIndex }) => workerIndex)
  // Half a percent of a core each at first, and viewers leave the last tenth of the 5 % to publishers.
  expect(on.slice(0, 4)).toEqual([0, 0, 0, 0])
  expect(on.at(-1)).toBe(1)
  expect(on).toEqual([...on].sort((a, b) => a - b))
  const placed = lines.filter(({ why }) => why !== undefined)
  expect(placed.map(({ workerIndex }) => workerIndex)).toEqual(on)
  expect(placed.slice(0, 2).map(({ why }) => why)).toEqual(['new_room', 'room'])
  expect(placed.map(({ why }) => why).filter(why => why === 'next')).toHaveLength(1)
  const { placements, workers } = await node.figures()
  expect(placements).toEqual({ new_room: 1, next: 1, room: 10 })
  expect(workers.find(({ index }) => index === 0)?.load).toBeGreaterThan(0.02)

  // Another room has nothing to do with that one, and begins where there is most left.
  const [first, second] = workers.sort((a, b) => a.index - b.index)
  const emptier = first!.load < second!.load ? 0 : 1
  expect((await open(node.openRoom(newRoomId(), noListener))).workerIndex).toBe(emptier)
})

it('who has gone leaves nothing behind, so that coming and going fills no worker', async () => {
  node = await createMediaNode({ ...settings, workerBudget: 20, logger: quiet })
  const room = node.openRoom(newRoomId(), noListener)
  await open(room)
  for (let n = 0; n < 60; n++) {
    const peer = await open(room)
    expect(peer.workerIndex).toBe(0)
    await peer.close('left')
  }
  expect(node.workers().map(({ peers }) => peers)).toEqual([1, 0])
})

it('a worker that is at work is measured', async () => {
  pool = await WorkerPool.create({ ...settings, logger: quiet })
  const busy = await RoomRouter.create(pool.workers[0]!, quiet, () => {})
  const transport = await busy.router.createDirectTransport()
  const codec = { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }
  const producer = await transport.produce({
    kind: 'audio',
    rtpParameters: { codecs: [codec], encodings: [{ ssrc: TEST_SSRC }] },
  })
  let sequence = 0
  const sending = setInterval(() => {
    for (let n = 0; n < 200; n++) {
      producer.send(rtpPacket(sequence, 60))
      sequence = (sequence + 1) & 0xffff
    }
  }, 5)
  try {
    await eventually(() => {
      const [first, second] = pool!.workers.map(({ load }) => load.measured)
      return first! > 0.02 && first! > second! * 2 ? undefined : `${first} and ${second}`
    }, 30_000)
  } finally {
    clearInterval(sending)
  }
})
