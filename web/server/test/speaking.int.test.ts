/** The speaking list over a real database, told to real sockets: who is called may speak, and who was called before may not. */
import { waitingTurns } from '@diemcau/core/floor/speaking-list.ts'
import { describe, expect, it } from 'vitest'
import { applyEvent, applySnapshot, emptyFloor, type FloorState } from '../../live/floor-state.ts'
import { ownWish } from '../../live/speaking-view.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import type { FloorClient } from './floor-client.ts'
import { floorSuite } from './floor-suite.ts'
import { eventually, meetingForm } from './portal.ts'

const floor = floorSuite()
const { enter, connect, sit, restart } = floor
const HALL_1 = 'user:US_official1'
const HALL_2 = 'user:US_official2'

/** What the page of this client shows. */
const page = (client: FloorClient): FloorState =>
  client.events.reduce<FloorState>(
    (state, event) => applyEvent(state, event).state,
    applySnapshot(emptyFloor, client.snapshots[0]!),
  )
const order = (client: FloorClient) => waitingTurns(page(client).speaking.turns).map(({ name }) => name)
const now = (client: FloorClient) => page(client).speaking.floor.now.map(({ name }) => name)
const wishOf = (client: FloorClient, identity: string) => {
  const found = page(client).speaking.turns.find(
    turn => turn.identity === identity && turn.status !== 'spoken',
  )
  if (!found) throw new Error(`${identity} is not on the list`)
  return found
}
const canSpeak = (identity: string) => {
  const permission = floor.portal.livekit.participants.get(identity)?.permission
  return permission?.canPublish === true && permission.canPublishSources.length === 0
}
const hasVoice = (identity: string) =>
  floor.portal.livekit.participants.get(identity)?.permission?.canPublish === true

/** Chair, two halls and a voter, one at a time; the halls are in the media room. */
async function sitting() {
  const { db } = floor.portal.runtime
  floor.portal.livekit.participants.clear()
  // The media server of the tests knows people by identity only: what is still to be done for the meeting of the test before would be done to these.
  await db.job.deleteMany({ where: { status: 'queued' } })
  await db.meeting.update({
    where: { id: floor.meeting.id },
    data: { viewersMayRaiseHand: true, floorMode: 'one', microphonesHeld: true },
  })
  const chair = await sit(floor.portal.actors.chair)
  const hall1 = await sit(floor.portal.actors.official1)
  const hall2 = await sit(floor.portal.actors.official2)
  for (const identity of [HALL_1, HALL_2]) floor.portal.livekit.addParticipant(identity)
  await floor.portal.runtime.media.holdMicrophones(floor.meeting.id, new Set([HALL_1, HALL_2]))
  const joined = await enter(null, { as: 'viewer', name: undefined })
  if (joined.status !== 'admitted') throw new Error(joined.status)
  const voter = connect(joined.ticket)
  await eventually(() => expect(voter.snapshots).toHaveLength(1))
  floor.portal.livekit.addParticipant(joined.identity)
  return { chair, hall1, hall2, voter, voterIdentity: joined.identity }
}

describe('the speaking list', () => {
  it('takes hands, voters and whom the secretary puts in, in one order for all', async () => {
    const { chair, hall1, hall2, voter, voterIdentity } = await sitting()
    await hall1.send({ type: 'hand_raise', topic: 'Đường liên xã' })
    await voter.send({ type: 'hand_raise', name: 'Bà Lan', unit: 'xã Tân Cương' })
    const secretary = await sit(floor.portal.actors.secretary)
    expect(await secretary.send({ type: 'speaking_add' })).toMatchObject({ code: 'name_required' })
    expect(
      await secretary.send({ type: 'speaking_add', identity: HALL_2, name: 'Ông Lý', topic: 'Đất' }),
    ).toEqual({
      ok: true,
    })
    const hall = 'Hội trường 1 – UBND tỉnh'
    for (const client of [chair, hall1, hall2, secretary])
      await eventually(() => expect(order(client)).toEqual([hall, 'Bà Lan', 'Ông Lý']))
    expect(wishOf(chair, HALL_1)).toMatchObject({ topic: 'Đường liên xã', isFromHand: true, addedBy: '' })
    expect(wishOf(chair, HALL_2)).toMatchObject({ topic: 'Đất', addedBy: 'Ông secretary' })
    await eventually(() => expect(ownWish(page(voter).speaking, voterIdentity)?.place).toBe(2))
    // Whoever watches learns of no other name.
    expect(JSON.stringify(voter.events)).not.toContain('Hội trường')

    await secretary.send({
      type: 'speaking_move',
      turnId: wishOf(chair, HALL_2).id,
      beforeId: wishOf(chair, HALL_1).id,
    })
    for (const client of [chair, hall1])
      await eventually(() => expect(order(client)).toEqual(['Ông Lý', hall, 'Bà Lan']))
    await eventually(() => expect(ownWish(page(voter).speaking, voterIdentity)?.place).toBe(3))
    await secretary.send({ type: 'speaking_postpone', turnId: wishOf(chair, HALL_1).id, isPostponed: true })
    await eventually(() => expect(order(hall2)).toEqual(['Ông Lý', 'Bà Lan']))
    await eventually(() => expect(ownWish(page(voter).speaking, voterIdentity)?.place).toBe(2))
    // Off the list the hand is down, too.
    await chair.send({ type: 'speaking_remove', turnId: wishOf(chair, HALL_1).id })
    await eventually(() => expect(page(hall1).hands.map(hand => hand.identity)).toEqual([voterIdentity]))
    await voter.send({ type: 'hand_lower' })
    await eventually(() => expect(order(chair)).toEqual(['Ông Lý']))
  })

  it('gives the floor to one at a time, and the media server lets nobody else speak', async () => {
    const { chair, hall1, hall2, voter, voterIdentity } = await sitting()
    await hall1.send({ type: 'hand_raise' })
    await voter.send({ type: 'hand_raise', name: 'Bà Lan' })
    await hall2.send({ type: 'hand_raise' })
    await eventually(() => expect(order(chair)).toHaveLength(3))
    const [first, second, third] = [HALL_1, voterIdentity, HALL_2].map(identity => wishOf(chair, identity))
    expect(await hall1.send({ type: 'speaking_call', turnId: first!.id })).toMatchObject({
      code: 'moderators_only',
    })
    expect(await chair.send({ type: 'speaking_call', turnId: first!.id, speaking: [] })).toEqual({ ok: true })
    expect([HALL_1, HALL_2].map(canSpeak)).toEqual([true, false])
    await eventually(() => expect(hall1.types()).toContain('unmute_asked'))
    await eventually(() =>
      expect(page(voter).speaking.floor).toMatchObject({
        now: [{ name: 'Hội trường 1 – UBND tỉnh' }],
        next: { identity: voterIdentity, name: 'Bà Lan' },
      }),
    )
    expect(ownWish(page(voter).speaking, voterIdentity)).toMatchObject({ place: 1, isNext: true })

    // Overtaken: this screen did not show yet that somebody speaks.
    expect(await chair.send({ type: 'speaking_call', turnId: third!.id, speaking: [] })).toMatchObject({
      code: 'floor_moved',
    })
    expect(await chair.send({ type: 'speaking_call', turnId: second!.id, speaking: [first!.id] })).toEqual({
      ok: true,
    })
    expect([HALL_1, HALL_2].map(canSpeak)).toEqual([false, false])
    expect(hasVoice(voterIdentity)).toBe(true)
    await eventually(() => expect(now(hall2)).toEqual(['Bà Lan']))
    await eventually(() => expect(page(chair).hands.map(hand => hand.identity)).toEqual([HALL_2]))

    // The wrong one: as it was, at once.
    expect(await chair.send({ type: 'speaking_undo', turnId: second!.id })).toEqual({ ok: true })
    expect(canSpeak(HALL_1)).toBe(true)
    expect(hasVoice(voterIdentity)).toBe(false)
    await eventually(() => expect(now(voter)).toEqual(['Hội trường 1 – UBND tỉnh']))
    await eventually(() => expect(order(hall2)).toEqual(['Bà Lan', 'Hội trường 2 – UBND tỉnh']))
    expect(await chair.send({ type: 'speaking_undo', turnId: second!.id })).toMatchObject({
      code: 'floor_moved',
    })

    expect(await hall2.send({ type: 'speaking_end', turnId: first!.id })).toMatchObject({
      code: 'moderators_only',
    })
    expect(await hall1.send({ type: 'speaking_end', turnId: first!.id })).toEqual({ ok: true })
    expect(canSpeak(HALL_1)).toBe(false)
    await hall1.send({ type: 'hand_raise' })
    await eventually(() => expect(wishOf(chair, HALL_1).spokenBefore).toBe(1))
  })

  it('keeps the clock: chosen minutes, more of them by a press, the same for all', async () => {
    const { chair, hall1, voter } = await sitting()
    await chair.send({ type: 'speaking_rules', limitS: 120 })
    await hall1.send({ type: 'hand_raise' })
    await eventually(() => expect(order(chair)).toHaveLength(1))
    const { id } = wishOf(chair, HALL_1)
    await chair.send({ type: 'speaking_call', turnId: id })
    await chair.send({ type: 'speaking_extend', turnId: id, seconds: 60 })
    for (const client of [chair, hall1, voter])
      await eventually(() => {
        const [speech] = page(client).speaking.floor.now
        expect(Date.parse(speech!.untilAt!) - Date.parse(speech!.startedAt)).toBe(180_000)
      })
  })

  it('can be led another way at any time', async () => {
    const { chair, hall1, hall2 } = await sitting()
    for (const hall of [hall1, hall2]) await hall.send({ type: 'hand_raise' })
    await eventually(() => expect(order(chair)).toHaveLength(2))
    const ids = [HALL_1, HALL_2].map(identity => wishOf(chair, identity).id)
    await chair.send({ type: 'speaking_mode', mode: 'several' })
    for (const turnId of ids) await chair.send({ type: 'speaking_call', turnId })
    await eventually(() => expect(now(hall1)).toHaveLength(2))
    // The media server follows what has been told.
    await eventually(() => expect([HALL_1, HALL_2].map(canSpeak)).toEqual([true, true]))
    await chair.send({ type: 'speaking_mode', mode: 'one' })
    await eventually(() => expect(now(hall1)).toEqual(['Hội trường 2 – UBND tỉnh']))
    await eventually(() => expect([HALL_1, HALL_2].map(canSpeak)).toEqual([false, true]))
    await chair.send({ type: 'speaking_mode', mode: 'free' })
    await floor.portal.runJobs()
    await eventually(() => expect([HALL_1, HALL_2].map(canSpeak)).toEqual([true, true]))
    await eventually(() => expect(page(hall1).options.microphonesHeld).toBe(false))
    // The older ways of asking obey the same rule.
    await chair.send({ type: 'speaking_mode', mode: 'one' })
    await chair.send({ type: 'ask_unmute', identity: HALL_1 })
    await eventually(() => expect(now(hall2)).toEqual(['Hội trường 1 – UBND tỉnh']))
    await eventually(() => expect([HALL_1, HALL_2].map(canSpeak)).toEqual([true, false]))
  })

  it('is the same after a restart, and a hall whose link was away keeps its place', async () => {
    const { chair, hall1, hall2, voter } = await sitting()
    for (const hall of [hall1, hall2]) await hall.send({ type: 'hand_raise' })
    await voter.send({ type: 'hand_raise', name: 'Bà Lan' })
    await eventually(() => expect(order(chair)).toHaveLength(3))
    await chair.send({ type: 'speaking_call', turnId: wishOf(chair, HALL_1).id })
    const before = page(chair).speaking
    hall2.close()
    voter.close()
    await restart(1500)
    const back = await sit(floor.portal.actors.chair)
    expect(back.snapshots[0]!.speaking).toEqual(before)
    // The hand is down after a while, and so is the voter's wish; the hall's is not.
    await eventually(() => expect(page(back).hands).toEqual([]), 10_000)
    await eventually(() => expect(order(back)).toEqual(['Hội trường 2 – UBND tỉnh']))
    expect(now(back)).toEqual(['Hội trường 1 – UBND tỉnh'])
  })
})

it('a meeting with voters begins with one at a time', async () => {
  const { db } = floor.portal.runtime
  const result = await scheduleMeeting(floor.portal.actors.clerk, meetingForm({ kind: 'voter_contact' }))
  if (!result.ok) throw new Error('not scheduled')
  expect(await db.meeting.findUnique({ where: { id: result.id } })).toMatchObject({
    floorMode: 'one',
    microphonesHeld: true,
    viewersMayRaiseHand: true,
  })
})
