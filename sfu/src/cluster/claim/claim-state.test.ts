import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import type { JoinAnswer } from '../record/record-calls.ts'
import type { Incarnation, OwedEnding, RoomRecord } from '../record/record-types.ts'
import { answered, ask, end, giveUp, LOST, looked, NO_CLAIM, notDone, seen, told } from './claim-state.ts'

const roomSid = 'RM_1' as RoomId
const room = { sid: roomSid } as RoomRecord
const claimed = (epoch: number): JoinAnswer => ({
  is: 'claimed',
  room,
  epoch,
  former: null,
  kept: null,
  hasOpened: false,
})
const refused: JoinAnswer = { is: 'refused', why: 'full' }
const asking = ask(NO_CLAIM, 1_000)
const held = answered(asking, claimed(7), 0)

describe('a claim', () => {
  it('is held from its answer until its leaving is told', () => {
    expect(held).toEqual({ is: 'held', roomSid, epoch: 7 })
    const ending = end(held, 'left')
    expect(ending).toEqual({ is: 'ending', roomSid, epoch: 7, why: 'left' })
    expect(told(ending)).toEqual(NO_CLAIM)
    expect(told(held)).toBe(held)
  })

  it('is lost to a higher epoch only, and only once', () => {
    expect(seen(held, 7)).toBe(held)
    const lost = seen(held, 8)
    expect(lost).toMatchObject({ is: 'ending', why: LOST })
    expect(end(lost, 'left')).toBe(lost)
  })

  it('is lost at once when news of a newer one came before its own answer', () => {
    expect(answered(asking, claimed(7), 8)).toMatchObject({ is: 'ending', why: LOST })
    expect(answered(asking, { is: 'lost', room, epoch: 7, newest: 9 }, 0)).toMatchObject({ why: LOST })
  })

  it('ends when it is answered if a removal came first', () => {
    const removed = end(end(asking, 'removed'), 'left')
    expect(answered(removed, claimed(7), 0)).toMatchObject({ is: 'ending', why: 'removed' })
  })

  it('is none after a refusal, unless a try was left without an answer', () => {
    expect(answered(asking, refused, 0)).toEqual(NO_CLAIM)
    const second = ask(asking, 3_000)
    expect(answered(second, refused, 0)).toEqual({ is: 'giving_up', lastDeadlineMs: 3_000, why: 'full' })
    expect(answered(ask(notDone(asking), 3_000), refused, 0)).toEqual(NO_CLAIM)
  })

  it('looks for what unanswered tries have left', () => {
    expect(giveUp(notDone(asking), 'gone')).toEqual(NO_CLAIM)
    const givingUp = giveUp(asking, 'gone')
    expect(looked(givingUp, undefined)).toEqual(NO_CLAIM)
    const owed: OwedEnding = {
      ...{ identity: 'a', psid: 'PA_1' as ParticipantId, inst: 'ND_1' as Incarnation, epoch: 7 },
      ...{ isCounted: true, isForwarded: false, roomSid, roomName: 'hall', isActive: false },
      ...{ version: 0, info: '' },
    }
    expect(looked(givingUp, owed)).toEqual({ is: 'ending', roomSid, epoch: 7, why: 'gone' })
    expect(looked(held, owed)).toBe(held)
  })
})
