/** Voters on the watch page who ask to speak, and what a restart of the portal makes of hands and floor. */
import { TrackSource } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { applyWebhook } from '../webhooks/receive-webhook.ts'
import { floorSuite } from './floor-suite.ts'
import { eventually } from './portal.ts'

const floor = floorSuite()
const { enter, connect, sit, restart } = floor

async function watch() {
  const { db } = floor.portal.runtime
  await db.meeting.update({ where: { id: floor.meeting.id }, data: { viewersMayRaiseHand: true } })
  const joined = await enter(null, { as: 'viewer', name: undefined })
  if (joined.status !== 'admitted') throw new Error(joined.status)
  const client = connect(joined.ticket)
  await eventually(() => expect(client.snapshots).toHaveLength(1))
  floor.portal.livekit.addParticipant(joined.identity)
  return { client, identity: joined.identity, token: joined.token }
}
const permissionOf = (identity: string) => floor.portal.livekit.participants.get(identity)?.permission
const silent = { canPublish: false, hidden: true, canPublishData: false, canSubscribe: true }
const speaking = {
  canPublish: true,
  hidden: false,
  canPublishData: false,
  canSubscribe: true,
  canPublishSources: [TrackSource.MICROPHONE],
}

describe('a voter', () => {
  it('raises a hand by name, is given the floor, and is silent again when it is taken', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const { client: voter, identity } = await watch()
    expect(await voter.send({ type: 'hand_raise' })).toMatchObject({ ok: false, code: 'name_required' })
    expect(await voter.send({ type: 'hand_raise', name: ' Bà Lan ', unit: 'xã Tân Cương' })).toEqual({
      ok: true,
    })
    const who = { identity, name: 'Bà Lan', unit: 'xã Tân Cương' }
    await eventually(() => expect(chair.events.at(-1)).toMatchObject({ type: 'hand_raised', hand: who }))
    expect(await voter.send({ type: 'give_floor', identity })).toMatchObject({ code: 'moderators_only' })
    expect(await chair.send({ type: 'give_floor', identity })).toEqual({ ok: true })
    expect(permissionOf(identity)).toMatchObject(speaking)
    expect(floor.portal.livekit.participants.get(identity)!.name).toBe('Bà Lan')
    // However many microphones are open, this one is heard.
    expect(floor.portal.livekit.participants.get(identity)!.attributes).toMatchObject({ floor: '1' })
    await eventually(() =>
      expect(voter.typesBesideList()).toEqual(['hand_raised', 'hand_lowered', 'floor_given']),
    )
    expect(voter.events.find(event => event.type === 'floor_given')).toMatchObject({ speaker: who })
    expect((await sit(floor.portal.actors.official1)).snapshots[0]).toMatchObject({
      hands: [],
      speakers: [who],
    })
    const since = performance.now()
    expect(await chair.send({ type: 'take_floor', identity })).toEqual({ ok: true })
    expect(permissionOf(identity)).toMatchObject(silent)
    expect(floor.portal.livekit.participants.get(identity)!.attributes).not.toHaveProperty('floor')
    expect(performance.now() - since).toBeLessThan(500)
    await eventually(() => expect(voter.types().at(-1)).toBe('floor_taken'))
    floor.portal.livekit.participants.clear()
  })

  it('gets no floor without a hand, and nobody else gets one at all', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const official = await sit(floor.portal.actors.official1)
    const { client: voter, identity } = await watch()
    expect(await chair.send({ type: 'give_floor', identity })).toMatchObject({ code: 'not_found' })
    await official.send({ type: 'hand_raise', name: 'another name' })
    await eventually(() =>
      expect(chair.events.at(-1)).toMatchObject({ hand: { name: 'Hội trường 1 – UBND tỉnh', unit: '' } }),
    )
    expect(await chair.send({ type: 'give_floor', identity: 'user:US_official1' })).toMatchObject({
      code: 'not_found',
    })
    await voter.send({ type: 'hand_raise', name: 'Bà Lan' })
    await chair.send({ type: 'give_floor', identity })
    expect(await voter.send({ type: 'take_floor' })).toEqual({ ok: true })
    expect(permissionOf(identity)).toMatchObject(silent)
    floor.portal.livekit.participants.clear()
  })

  it('is silenced by a job when the media server was away, and never holds a token that may publish', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const { client: voter, identity } = await watch()
    await voter.send({ type: 'hand_raise', name: 'Bà Lan' })
    await chair.send({ type: 'give_floor', identity })
    floor.portal.livekit.isAway = true
    expect(await chair.send({ type: 'take_floor', identity })).toEqual({ ok: true })
    floor.portal.livekit.isAway = false
    expect(permissionOf(identity)).toMatchObject({ canPublish: true })
    await floor.portal.runJobs()
    expect(permissionOf(identity)).toMatchObject(silent)
    floor.portal.livekit.participants.clear()
  })

  it('speaks on after the media server came back, and not with a token of before', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const { client: voter, identity, token } = await watch()
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
    expect(claims.video).toMatchObject({ canPublish: false, hidden: true })
    await voter.send({ type: 'hand_raise', name: 'Bà Lan' })
    await chair.send({ type: 'give_floor', identity })
    let joins = 0
    const joinAgain = async (canPublish: boolean) => {
      floor.portal.livekit.addParticipant(identity)

      joins += 1
      await applyWebhook(floor.portal.runtime, {
        event: 'participant_joined',
        id: `EV_${identity}_${joins}`,
        createdAt: BigInt(Math.floor(Date.now() / 1000)),
        room: { name: floor.meeting.id },
        participant: {
          identity,
          sid: `PA_${joins}`,
          name: '',
          attributes: {},
          joinedAtMs: 0n,
          joinedAt: 0n,
          permission: { canPublish },
        },
      } as never)
      await floor.portal.runJobs()
    }
    await joinAgain(false)
    expect(permissionOf(identity)).toMatchObject(speaking)
    await chair.send({ type: 'take_floor', identity })
    await joinAgain(true)
    expect(permissionOf(identity)).toMatchObject(silent)
    floor.portal.livekit.participants.clear()
  })

  it('loses hand and floor when removed and when the meeting ends', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const { client: voter, identity } = await watch()
    await voter.send({ type: 'hand_raise', name: 'Bà Lan' })
    await chair.send({ type: 'give_floor', identity })
    await chair.send({ type: 'remove', identity })
    await eventually(() => expect(chair.types()).toContain('floor_taken'))
    expect(await floor.portal.runtime.db.floorGrant.count()).toBe(0)
    const other = await watch()
    await other.client.send({ type: 'hand_raise', name: 'Ông Hùng' })
    await chair.send({ type: 'give_floor', identity: other.identity })
    await chair.send({ type: 'end_meeting' })
    expect(await floor.portal.runtime.db.floorGrant.count()).toBe(0)
    floor.portal.livekit.participants.clear()
  })
})

describe('a restart of the portal', () => {
  it('forgets neither who has hand or floor nor who has gone', async () => {
    const chair = await sit(floor.portal.actors.chair)
    const speaker = await watch()
    await speaker.client.send({ type: 'hand_raise', name: 'Bà Lan' })
    await chair.send({ type: 'give_floor', identity: speaker.identity })
    const stays = await enter(floor.portal.actors.official1)
    const goes = await sit(floor.portal.actors.official2)
    const here = connect(stays.ticket)
    await eventually(() => expect(here.snapshots).toHaveLength(1))
    await here.send({ type: 'hand_raise' })
    await goes.send({ type: 'hand_raise' })
    await goes.send({ type: 'hand_lower' })
    await goes.send({ type: 'hand_raise' })
    goes.close()
    speaker.client.close()
    await restart(1500)
    const back = connect(stays.ticket)
    await eventually(() =>
      expect(back.snapshots[0]).toMatchObject({
        hands: [{ identity: 'user:US_official1' }, { identity: 'user:US_official2' }],
        speakers: [{ identity: speaker.identity }],
      }),
    )
    await eventually(() => expect(back.typesBesideList().sort()).toEqual(['floor_taken', 'hand_lowered']))
    expect(back.events).toContainEqual(
      expect.objectContaining({ type: 'hand_lowered', identity: 'user:US_official2' }),
    )
    await eventually(() => expect(permissionOf(speaker.identity)).toMatchObject(silent))
    expect(
      await floor.portal.runtime.db.raisedHandRow.findMany({ where: { meetingId: floor.meeting.id } }),
    ).toMatchObject([{ identity: 'user:US_official1' }])
    floor.portal.livekit.participants.clear()
  })

  it('keeps a lowered hand down', async () => {
    const { ticket } = await enter(floor.portal.actors.official1)
    const official = connect(ticket)
    await eventually(() => expect(official.snapshots).toHaveLength(1))
    await official.send({ type: 'hand_raise' })
    await official.send({ type: 'hand_lower' })
    await restart()
    const back = connect(ticket)
    await eventually(() => expect(back.snapshots[0]?.hands).toEqual([]))
  })
})
