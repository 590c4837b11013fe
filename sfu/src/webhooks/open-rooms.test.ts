import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ParticipantInfo, ParticipantInfo_State, Room, TrackInfo, WebhookEvent } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OpenRooms } from './open-rooms.ts'

let folder: string
let opened: OpenRooms[]
let now: number
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'open-rooms-'))
  opened = []
  now = 1_700_000_000_000
})
afterEach(() => {
  vi.useRealTimers()
  for (const rooms of opened) rooms.close()
  rmSync(folder, { recursive: true })
})

function open() {
  const result = OpenRooms.open({
    file: path.join(folder, 'open.jsonl'),
    now: () => now,
    onError: error => {
      throw error
    },
  })
  opened.push(result.openRooms)
  return result
}
const room = (sid: string) => new Room({ sid, name: `name of ${sid}` })
const event = (name: string, roomSid: string, participant?: string, track?: string) =>
  new WebhookEvent({
    event: name,
    room: room(roomSid),
    participant:
      participant === undefined
        ? undefined
        : new ParticipantInfo({ sid: participant, identity: `id of ${participant}` }),
    track: track === undefined ? undefined : new TrackInfo({ sid: track }),
  })
const describeEvents = (events: WebhookEvent[]) =>
  events.map(({ event, room, participant, track }) =>
    [event, room?.sid, participant?.sid, track?.sid].filter(part => part !== undefined).join(' '),
  )

describe('open rooms', () => {
  it('are found although a line of the journal holds no event', () => {
    open().openRooms.record(event('room_started', 'RM_1'))
    const lines = ['{"op":"event","at":1,"event":{"event":7}}', '{"op":"event","at":1}', 'nonsense', '{}']
    appendFileSync(path.join(folder, 'open.jsonl'), lines.map(line => `${line}\n`).join(''))
    expect(describeEvents(open().orphans)).toEqual(['room_finished RM_1'])
  })

  it('after a kill are reported ended, tracks before participants before the room, at the last sign of life', () => {
    const { openRooms } = open()
    openRooms.record(event('room_started', 'RM_1'))
    openRooms.record(event('participant_joined', 'RM_1', 'PA_1'))
    openRooms.record(event('participant_joined', 'RM_1', 'PA_2'))
    openRooms.record(event('track_published', 'RM_1', 'PA_1', 'TR_1'))
    now += 7_400
    openRooms.record(event('participant_left', 'RM_1', 'PA_2'))
    now += 3_600_000
    const { orphans } = open()
    expect(describeEvents(orphans)).toEqual([
      'track_unpublished RM_1 PA_1 TR_1',
      'participant_left RM_1 PA_1',
      'room_finished RM_1',
    ])
    expect(orphans.map(orphan => Number(orphan.createdAt))).toEqual([
      1_700_000_007, 1_700_000_007, 1_700_000_007,
    ])
    expect(orphans[1]?.participant?.state).toBe(ParticipantInfo_State.DISCONNECTED)
    expect(orphans[1]?.participant?.identity).toBe('id of PA_1')
  })

  it('that ended in good order leave nothing to report', () => {
    const { openRooms } = open()
    openRooms.record(event('room_started', 'RM_1'))
    openRooms.record(event('participant_joined', 'RM_1', 'PA_1'))
    openRooms.record(event('track_published', 'RM_1', 'PA_1', 'TR_1'))
    openRooms.record(event('participant_left', 'RM_1', 'PA_1'))
    openRooms.record(event('room_finished', 'RM_1'))
    expect(open().orphans).toEqual([])
  })

  it('give a sign of life every few seconds', () => {
    vi.useFakeTimers()
    const { openRooms } = open()
    openRooms.record(event('room_started', 'RM_1'))
    for (let second = 1; second <= 60; second++) {
      now += 1_000
      vi.advanceTimersByTime(1_000)
    }
    now += 3_600_000
    expect(Number(open().orphans[0]?.createdAt)).toBeGreaterThanOrEqual(1_700_000_055)
  })

  it('are reported once only, when the report was settled', () => {
    const first = open()
    first.openRooms.record(event('room_started', 'RM_1'))
    const second = open()
    expect(second.orphans).toHaveLength(1)
    second.openRooms.settle()
    expect(open().orphans).toEqual([])
  })

  it('survive the rewriting of their journal', () => {
    const { openRooms } = open()
    openRooms.record(event('room_started', 'RM_1'))
    openRooms.record(event('participant_joined', 'RM_1', 'PA_stays'))
    for (let n = 0; n < 3_000; n++) {
      openRooms.record(event('participant_joined', 'RM_1', `PA_${n}`))
      openRooms.record(event('participant_left', 'RM_1', `PA_${n}`))
    }
    expect(describeEvents(open().orphans)).toEqual(['participant_left RM_1 PA_stays', 'room_finished RM_1'])
  })
})
