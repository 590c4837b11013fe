/** Tokens that are renewed and participants that are moved, with the stock browser and native SDKs. */
import { CLOCK_SKEW_S } from '@diemcau/core/livekit/access-token.ts'
import { dispose, RoomEvent } from '@livekit/rtc-node'
import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { expectEvent, expectPicture, Scenario } from './room-support/scenario.ts'

let scenario: Scenario
let peers: NativePeer[] = []
beforeAll(async () => {
  scenario = await Scenario.create()
})
afterEach(async () => {
  await Promise.all(peers.map(peer => peer.leave()))
  peers = []
  await scenario.reset()
})
afterAll(async () => {
  await scenario?.close()
  await dispose()
})

async function native(room: string, identity: string): Promise<NativePeer> {
  const peer = await NativePeer.join(scenario.sfu, { room, identity })
  peers.push(peer)
  return peer
}

/** Good for ten seconds only: it has expired already, but clocks are allowed to differ. */
async function expiringToken(room: string, identity: string): Promise<string> {
  const { apiKey, apiSecret } = scenario.sfu
  return await new SignJWT({ name: identity, video: { roomJoin: true, room } })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(apiKey)
    .setSubject(identity)
    .setExpirationTime(Math.floor(Date.now() / 1000) - CLOCK_SKEW_S + 10)
    .sign(new TextEncoder().encode(apiSecret))
}

describe('a client whose token has expired', () => {
  it('resumes, and reconnects from the start, with what it was sent since: name and attributes too', async () => {
    const room = scenario.newRoom()
    const [an, binh] = [await scenario.browser.open(), await scenario.join(room, 'binh')]
    // Only when all else is ready: a busy machine needs its ten seconds for the joining alone.
    const token = await expiringToken(room, 'an')
    await an.connect(scenario.sfu.wsUrl, token, {}, {})
    await an.publishDrawing({})
    await expectPicture(binh, 'an')
    const api = scenario.sfu.roomService()
    await api.updateParticipant(room, 'an', { name: 'Hội trường An', attributes: { seat: '7' } })
    await eventually(
      async () => {
        const { status } = await fetch(`${scenario.sfu.url}/rtc/validate?access_token=${token}`)
        return status === 401 ? null : `the first token is still good: ${status}`
      },
      30_000,
      200,
    )
    const { sid } = await an.state()
    await an.simulate('signal-reconnect')
    await expectEvent(an, 'reconnected')
    expect((await an.state()).sid).toBe(sid)
    await an.simulate('full-reconnect')
    await eventually(async () => {
      const { state, sid: now } = await an.state()
      return state === 'connected' && now !== sid && now !== '' ? null : `${state} as ${now}`
    }, 20_000)
    await expectPicture(binh, 'an')
    expect(await api.getParticipant(room, 'an')).toMatchObject({
      name: 'Hội trường An',
      attributes: { seat: '7' },
    })
  })
})

describe('MoveParticipant', () => {
  it('brings a browser into the other room with its picture, and out of the first', async () => {
    const [from, to] = [scenario.newRoom(), scenario.newRoom()]
    const [an, left, met] = await Promise.all([
      scenario.join(from, 'an'),
      scenario.join(from, 'left'),
      scenario.join(to, 'met'),
    ])
    await an.publishDrawing({})
    await met.publishDrawing({})
    await expectPicture(left, 'an')
    await an.page.evaluate(() => {
      window.roomClient.room?.on('moved', name => {
        window.roomClient.events.push({ name: 'moved', detail: name })
      })
    })
    const api = scenario.sfu.roomService()
    await api.moveParticipant(from, 'an', to)
    await Promise.all([expectPicture(met, 'an'), expectPicture(an, 'met')])
    await expectEvent(an, 'moved', to)
    await expectEvent(left, 'participantDisconnected', 'an')
    expect((await api.listParticipants(from)).map(({ identity }) => identity)).toEqual(['left'])
    expect((await an.state()).remote).toEqual(['met'])
    const joined = await scenario.sfu.webhooks.waitFor(
      ({ event, room, participant }) =>
        event === 'participant_joined' && room?.name === to && participant?.identity === 'an',
    )
    expect(joined.participant?.sid).toBe((await an.state()).sid)
  })

  it('brings a native client into the other room with its picture and sound', async () => {
    const [from, to] = [scenario.newRoom(), scenario.newRoom()]
    const [an, left, met] = [await native(from, 'an'), await native(from, 'left'), await native(to, 'met')]
    await an.publishCamera()
    await an.publishMicrophone()
    await met.publishCamera()
    const sees = (peer: NativePeer, identity: string, frames: number) => () =>
      peer.from(identity).videoFrames > frames ? null : `${peer.from(identity).videoFrames} pictures`
    await eventually(sees(left, 'an', 5), 15_000)
    const moved: string[] = []
    an.room.on(RoomEvent.Moved, () => moved.push('moved'))
    await scenario.sfu.roomService().moveParticipant(from, 'an', to)
    await eventually(sees(met, 'an', 5), 30_000)
    await eventually(() => (met.from('an').loudFrames > 5 ? null : 'no sound'), 15_000)
    await eventually(sees(an, 'met', 5), 15_000)
    expect(moved).toEqual(['moved'])
    expect([...met.room.remoteParticipants.keys()]).toEqual(['an'])
    expect([...left.room.remoteParticipants.keys()]).toEqual([])
  })
})
