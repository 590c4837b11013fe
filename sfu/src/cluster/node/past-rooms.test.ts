import { newRoomId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import { type RoomFacts, roomEventId } from '../record/record-types.ts'
import { PastRooms } from './past-rooms.ts'
import { draftOf } from './room-body.ts'

const options = { name: 'R', emptyTimeoutS: 1, departureTimeoutS: 1, maxParticipants: 0, metadata: '' }
const facts = (): RoomFacts => ({
  ...draftOf(newRoomId(), { options, createdAtMs: 1 }),
  ...{ createdMs: 1, rev: 1, state: 'open', closeReason: '', epoch: 1, isStartDelivered: false },
})

describe('rooms that have closed here', () => {
  it('end once more in an emptied record, for the first reason, until their end was delivered', () => {
    const past = new PastRooms()
    const room = facts()
    past.closed(room, 'deleted')
    past.closed(room, 'idle')
    expect(past.closing()).toEqual([{ ...room, state: 'closing', closeReason: 'deleted' }])
    past.delivered([roomEventId(room.sid, 'room_started'), `${room.sid}:PA_x:participant_left`])
    expect(past.closing()).toMatchObject([{ sid: room.sid, isStartDelivered: true }])
    expect(past.over().has(room.sid)).toBe(false)
    past.delivered([roomEventId(room.sid, 'room_finished')])
    expect(past.closing()).toEqual([])
    expect([...past.over()]).toEqual([room.sid])
    past.closed(room, 'deleted')
    expect(past.closing()).toEqual([])
  })

  it('are taken for delivered when another node was told that they were', () => {
    let now = 0
    const past = new PastRooms(() => now)
    const [old, young] = [facts(), facts()]
    past.closed(old, 'idle')
    now = 3_000_000
    past.closed(young, 'idle')
    now = 3_700_000
    expect(past.closing().map(({ sid }) => sid)).toEqual([young.sid])
    expect([...past.over()]).toEqual([old.sid])
  })

  it('are forgotten one day', () => {
    const past = new PastRooms()
    for (let i = 0; i < 2_500; i++) past.closed(facts(), 'idle')
    expect(past.closing()).toHaveLength(2_000)
    for (const { sid } of past.closing()) past.delivered([roomEventId(sid, 'room_finished')])
    for (let i = 0; i < 100; i++) past.delivered([roomEventId(newRoomId(), 'room_finished')])
    expect(past.over().size).toBe(2_000)
  })
})
