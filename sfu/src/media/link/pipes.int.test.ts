import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { Producer } from 'mediasoup/types'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { rtpPacket, TEST_SSRC } from '../../../test/pipe-support/rtp-packet.ts'
import { Capture } from '../capture-media.ts'
import { PublishedTrack } from '../track/published-track.ts'
import { TrackDirectory } from '../track/track-directory.ts'
import { RoomRouter } from '../worker/room-router.ts'
import { WorkerPool } from '../worker/worker-pool.ts'
import { Pipes } from './pipes.ts'

const logger = pino({ level: 'silent' })
let pool: WorkerPool
let home: RoomRouter
let away: RoomRouter
let producer: Producer

beforeEach(async () => {
  pool = await WorkerPool.create({
    ...(process.env.MEDIASOUP_WORKER_BIN ? { workerBin: process.env.MEDIASOUP_WORKER_BIN } : {}),
    workerCount: 2,
    listenAddress: '127.0.0.1',
    announcedAddresses: ['127.0.0.1'],
    firstMediaPort: 21_230,
    logger,
  })
  const [first, second] = pool.workers
  home = await RoomRouter.create(first!, logger, () => {})
  away = await RoomRouter.create(second!, logger, () => {})
  const transport = await home.router.createDirectTransport()
  producer = await transport.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [
        {
          mimeType: 'audio/opus',
          payloadType: 111,
          clockRate: 48_000,
          channels: 2,
          parameters: { useinbandfec: 1 },
        },
      ],
      encodings: [{ ssrc: TEST_SSRC }],
    },
  })
})
afterEach(async () => {
  await pool.close()
})

const producersOf = async (room: RoomRouter) =>
  Object.keys(Object.fromEntries((await room.router.dump()).mapProducerIdConsumerIds.map(e => [e.key, e])))

describe('a pipe between two workers', () => {
  it('is made once for many users and closed some time after the last has gone', async () => {
    const pipes = new Pipes(logger, 100)
    const releases = await Promise.all([1, 2, 3].map(() => pipes.acquire(producer, home, away)))
    expect(pipes.size).toBe(1)
    expect(await producersOf(away)).toEqual([releases[0]!.producerId])
    expect(new Set(releases.map(({ producerId }) => producerId)).size).toBe(1)
    releases[0]!.release()
    releases[0]!.release()
    releases[1]!.release()
    await new Promise(resolve => setTimeout(resolve, 150))
    expect(pipes.size).toBe(1)
    releases[2]!.release()
    const again = await pipes.acquire(producer, home, away)
    await new Promise(resolve => setTimeout(resolve, 150))
    expect(pipes.size).toBe(1)
    again.release()
    await eventually(() => (pipes.size === 0 ? undefined : 'still open'))
    await eventually(async () => ((await producersOf(away)).length === 0 ? undefined : 'end not closed'))
    const reopened = await pipes.acquire(producer, home, away)
    expect(await producersOf(away)).toEqual([reopened.producerId])
    reopened.release()
    pipes.close()
  })

  it('is none at home, and ends with its producer', async () => {
    const pipes = new Pipes(logger)
    expect((await pipes.acquire(producer, home, home)).producerId).toBe(producer.id)
    expect(pipes.size).toBe(0)
    await pipes.acquire(producer, home, away)
    producer.close()
    await eventually(() => (pipes.size === 0 ? undefined : 'still open'))
    await expect(pipes.acquire(producer, home, away)).rejects.toThrow()
    expect(pipes.size).toBe(0)
    pipes.close()
    await expect(pipes.acquire(producer, home, away)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('a pipe between two routers of one worker', () => {
  it('carries the producer under an id of its own, as a worker knows each id once', async () => {
    const pipes = new Pipes(logger)
    const beside = await RoomRouter.create(pool.workers[0]!, logger, () => {})
    const { producerId } = await pipes.acquire(producer, home, beside)
    expect(producerId).not.toBe(producer.id)
    expect(await producersOf(beside)).toEqual([producerId])
    // Both are there at once, and a third router may have it too.
    expect(await producersOf(home)).toEqual([producer.id])
    expect((await pipes.acquire(producer, home, away)).producerId).not.toBe(producerId)
    pipes.close()
  })
})

describe('a capture', () => {
  it('sends plain RTP to the address from resume to release, and tells what it is', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const received: Buffer[] = []
    // RTCP shares the port (RFC 5761); its packet types lie apart.
    socket.on('message', message => {
      if ((message[1]! & 0x7f) < 64 || (message[1]! & 0x7f) > 95) received.push(message)
    })
    const directory = new TrackDirectory()
    const track = new PublishedTrack({
      trackId: 'TR_1' as TrackId,
      participantId: 'PA_1' as never,
      kind: 'audio',
      home,
      stream: 'camera',
      layers: [],
      onDemand: () => {},
    })
    track.addCodec({
      mid: '0',
      mimeType: 'audio/opus',
      producer,
      spatialLayers: 1,
      simulcast: false,
      layers: [],
    })
    directory.add(track)
    const pipes = new Pipes(logger)
    const capture = new Capture(
      { directory, carrier: pipes, place: async () => home },
      logger,
      { onLost: () => {} },
      () => {},
    )
    const { port } = socket.address() as AddressInfo
    let sequence = 0
    const feed = setInterval(() => producer.send(rtpPacket(++sequence, 20)), 10)
    try {
      await expect(capture.consume('TR_none' as TrackId, '127.0.0.1', port)).rejects.toMatchObject({
        code: 'track_not_found',
      })
      await expect(capture.consume(track.trackId, 'localhost', port)).rejects.toMatchObject({
        code: 'invalid_argument',
      })
      const described = await capture.consume(track.trackId, '127.0.0.1', port)
      expect(described).toMatchObject({
        mimeType: 'audio/opus',
        clockRate: 48_000,
        channels: 2,
        fmtp: 'useinbandfec=1',
      })
      await expect(capture.consume(track.trackId, '127.0.0.1', port)).rejects.toMatchObject({
        code: 'already_exists',
      })
      await new Promise(resolve => setTimeout(resolve, 100))
      expect(received).toEqual([])
      await capture.resume(track.trackId)
      await eventually(() => (received.length > 5 ? undefined : `${received.length} packets`))
      expect(received[0]![1]! & 0x7f).toBe(described.payloadType)
      expect(received[0]!.readUInt32BE(8)).toBe(described.ssrc)

      // A track that ends lets go of its transport by itself.
      track.close()
      await expect(capture.resume(track.trackId)).rejects.toMatchObject({ code: 'track_not_found' })
      await capture.close()
      await capture.close()
    } finally {
      clearInterval(feed)
      socket.close()
    }
  })
})

describe('the worker pool', () => {
  /** A peer of a room of its own. */
  const place = () => pool.place(true, () => undefined, logger)

  it('places on the least loaded worker and starts a killed one anew on the same port', async () => {
    const second = pool.workers[1]
    expect((await place()).worker.index).toBe(0)
    expect((await place()).worker.index).toBe(1)
    expect((await place()).worker.index).toBe(0)
    process.kill(second!.worker.pid, 'SIGKILL')
    await eventually(() =>
      pool.workers.some(w => w.index === 1 && w !== second) ? undefined : 'not replaced',
    )
    expect((await place()).worker.index).toBe(1)
  })

  it('waits for a worker when all are dead', async () => {
    const killed = pool.workers
    for (const { worker } of killed) process.kill(worker.pid, 'SIGKILL')
    await eventually(() => (pool.workers.some(w => killed.includes(w)) ? 'not noticed yet' : undefined))
    expect((await place()).worker.isAlive).toBe(true)
  })

  it('refuses to start when a port is taken, and leaves nothing running', async () => {
    await expect(
      WorkerPool.create({
        ...(process.env.MEDIASOUP_WORKER_BIN ? { workerBin: process.env.MEDIASOUP_WORKER_BIN } : {}),
        workerCount: 2,
        listenAddress: '127.0.0.1',
        announcedAddresses: ['127.0.0.1'],
        firstMediaPort: 21_231,
        logger,
      }),
    ).rejects.toMatchObject({ code: 'media_start_failed' })
  })
})
