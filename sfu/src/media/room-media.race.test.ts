import { EventEmitter } from 'node:events'
import { newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { MediasoupRoom } from './room-media.ts'
import type { PooledWorker } from './worker/pooled-worker.ts'
import type { WorkerPool } from './worker/worker-pool.ts'

const none = () => {}

/** A worker whose router creation the test settles. */
function setUp() {
  const creation = Promise.withResolvers<never>()
  const worker = { index: 0, peers: 0, isAlive: true, worker: { createRouter: () => creation.promise } }
  const place = async () => {
    worker.peers += 1
    return {
      worker: worker as unknown as PooledWorker,
      leave: () => {
        worker.peers -= 1
      },
    }
  }
  const pool = { place } as unknown as WorkerPool
  const listener = { onSpeakers: none, onDemandChanged: none, hasFloor: () => false }
  const room = new MediasoupRoom(newRoomId(), pool, pino({ level: 'silent' }), listener, {
    pipes: undefined,
    voices: 8,
    nextSerial: () => 1,
    onClosed: none,
  })
  const joining = room.openPeer(
    { participantId: newParticipantId(), canShareStreams: true },
    new EventEmitter() as never,
  )
  return { room, worker, creation, joining }
}

describe('a peer that joins on a worker which dies', () => {
  it('is told that coming back helps, and no longer counts', async () => {
    const { worker, creation, joining } = setUp()
    worker.isAlive = false
    creation.reject(new Error('Channel closed, pending request aborted'))
    await expect(joining).rejects.toMatchObject({ code: 'unavailable' })
    expect(worker.peers).toBe(0)
  })

  it('is told the fault itself when the worker lives', async () => {
    const { worker, creation, joining } = setUp()
    creation.reject(new Error('router settings'))
    await expect(joining).rejects.toThrow('router settings')
    expect(worker.peers).toBe(0)
  })
})
