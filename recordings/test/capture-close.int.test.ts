/** What the SFU's last word means for the recorder: each reason of the contract is decided, none by its spelling. */
import { captureCloseReason } from '@diemcau/core/contracts/capture.ts'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CaptureSession } from '../src/capture/capture-session.ts'
import { mintCaptureToken } from '../src/server/token.ts'
import { eventually } from './eventually.ts'
import { FakeSfu } from './fake-sfu.ts'

let sfu: FakeSfu
beforeEach(async () => {
  sfu = await FakeSfu.create({ secret: 'secret' })
})
afterEach(() => sfu.close())

test.each(captureCloseReason.options)('after %s', async reason => {
  const ends: unknown[] = []
  const session = new CaptureSession(
    {
      sfuUrls: [sfu.url],
      mintToken: () => mintCaptureToken(sfu.roomName, { key: 'devkey', secret: 'secret' }),
      rtpAddress: '127.0.0.1',
      trackFolder: () => '/nowhere',
      roomWaitMs: 60_000,
      log: pino({ level: 'silent' }),
    },
    { onAttached: () => {}, onJournal: () => {}, onEnded: end => ends.push(end) },
  )
  session.start(null)
  await eventually(() => (session.isAttached ? null : 'not attached'))
  sfu.broadcast({ type: 'closed', at: Date.now(), reason })
  if (reason === 'node_stopping') {
    // The node comes back: so does the recorder, and the recording goes on.
    await eventually(() => (sfu.attachments === 2 ? null : `attached ${sfu.attachments} times`))
    expect(ends).toEqual([])
  } else {
    await eventually(() => (ends.length === 1 ? null : 'not ended'))
    expect(ends).toMatchObject([{ reason: 'room_closed' }])
    expect(sfu.attachments).toBe(1)
  }
  await session.close()
})
