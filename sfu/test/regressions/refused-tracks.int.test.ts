import { readFileSync } from 'node:fs'
import path from 'node:path'
import { SessionDescription } from '@livekit/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../../testing/eventually.ts'
import { disposeNativeSdk, NativePeer } from '../../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../../testing/start-sfu.ts'
import { RawClient } from '../fuzz-support/raw-client.ts'

/** Found by fuzz-signal.int.test.ts: a client whose answers take no track was logged twice for each track of the room, and more for each try. */

const TRACKS = 12
const offer = path.resolve(import.meta.dirname, '../../src/sdp/fixtures/chromium-opus-vp8-simulcast.sdp')

let sfu: RunningSfu
let an: NativePeer
beforeAll(async () => {
  sfu = await startSfu({ workers: 2 })
  an = await NativePeer.join(sfu, { room: 'regression', identity: 'an' })
  for (let n = 0; n < TRACKS / 2; n++) {
    await an.publishCamera()
    await an.publishMicrophone()
  }
})
afterAll(async () => {
  await an?.leave()
  await sfu?.stop()
  await disposeNativeSdk()
})

it('a client that takes no track is told so for each, and fills no log', async () => {
  const sdp = readFileSync(offer, 'utf8')
  const client = await RawClient.join(sfu, { room: 'regression', identity: 'refuser' }, {})
  let answered = 0
  await eventually(() => {
    for (; answered < client.all('offer').length; answered++)
      client.request({ case: 'answer', value: new SessionDescription({ type: 'answer', sdp, id: 0 }) })
    const told = client.all('subscriptionResponse').length
    return told >= TRACKS ? null : `${told} tracks are told to be missing`
  }, 30_000)
  const lines = sfu.output.split('\n').filter(line => line.includes('refuser'))
  expect(lines.length, lines.join('\n')).toBeLessThan(TRACKS)
  client.terminate()
})
