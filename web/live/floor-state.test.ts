import type { FloorEvent, FloorEventBody, FloorSnapshot } from '@diemcau/core/contracts/floor.ts'
import { describe, expect, it } from 'vitest'
import {
  applyEvent,
  applySnapshot,
  effectOf,
  emptyFloor,
  type FloorState,
  isCapturing,
} from './floor-state.ts'

const at = '2026-11-22T07:00:00.000Z'
const snapshot = (role: FloorSnapshot['you']['role'], more: Partial<FloorSnapshot> = {}): FloorSnapshot => ({
  seq: 10,
  meetingId: 'MT_1',
  title: 'Họp giao ban',
  status: 'live',
  you: { identity: 'user:1', name: 'Lan', role },
  locked: false,
  spotlight: null,
  options: { chat: true, viewersMayRaiseHand: false, viewersMayAsk: false, microphonesHeld: false },
  chat: [],
  hands: [],
  speakers: [],
  speaking: emptyFloor.speaking,
  now: at,
  questions: [],
  lobby: [],
  passcode: null,
  recording: null,
  agenda: '',
  ...more,
})
const event = (seq: number, body: FloorEventBody): FloorEvent => ({ seq, at, ...body })
const chat = (seq: number, id = `m${seq}`) =>
  event(seq, { type: 'chat_sent', message: { id, identity: 'user:2', name: 'Nam', text: `tin ${id}`, at } })
const start = (role: FloorSnapshot['you']['role'] = 'delegate') => applySnapshot(emptyFloor, snapshot(role))
const run = (state: FloorState, ...events: FloorEvent[]) =>
  events.reduce((current, next) => applyEvent(current, next).state, state)

describe('events', () => {
  it('are applied once, in whatever number of deliveries', () => {
    const state = run(start(), chat(11), chat(11), chat(12), chat(11))
    expect(state.chat.map(message => message.id)).toEqual(['m11', 'm12'])
    expect(state.seq).toBe(12)
    expect(applyEvent(state, chat(12)).outcome).toBe('duplicate')
  })

  it('before the snapshot are not repeated by it', () => {
    const state = run(start(), chat(9), chat(10))
    expect(state.chat).toEqual([])
  })

  it('may skip numbers for those who do not see everything', () => {
    const { state, outcome } = applyEvent(start('delegate'), chat(14))
    expect(outcome).toBe('applied')
    expect(state.seq).toBe(14)
  })

  it('that skip numbers tell a moderator that something is missing', () => {
    expect(applyEvent(start('chair'), chat(12)).outcome).toBe('gap')
    expect(applyEvent(start('chair'), chat(11)).outcome).toBe('applied')
  })

  it('of a kind unknown to this page still count', () => {
    const unknown = { seq: 11, at, type: 'vote_opened' } as unknown as FloorEvent
    expect(applyEvent(start(), unknown).state.seq).toBe(11)
  })

  it('keep hands in the order of the speaking list, once somebody is moved on it', () => {
    const hand = (identity: string) => ({
      type: 'hand_raised' as const,
      hand: { identity, name: identity, unit: '', at },
    })
    const turn = (id: string, rank: number) => ({
      type: 'speaking_turn' as const,
      turn: {
        ...{ id, identity: id, name: id, unit: '', topic: '', isFromHand: true, addedBy: '', at },
        ...{
          status: 'waiting' as const,
          rank,
          spokenBefore: 0,
          startedAt: null,
          untilAt: null,
          endedAt: null,
        },
      },
    })
    const state = run(
      start(),
      ...[turn('a', 1), hand('a'), turn('b', 2), hand('b'), turn('c', 3), hand('c'), turn('c', 0.5)].map(
        (body, index) => event(11 + index, body),
      ),
    )
    expect(state.hands.map(raised => raised.identity)).toEqual(['c', 'a', 'b'])
    expect(state.speaking.turns).toHaveLength(3)
    const gone = run(state, event(18, { type: 'speaking_turn_gone', turnId: 'a', identity: 'a' }))
    expect(gone.speaking.turns.map(({ id }) => id)).toEqual(['b', 'c'])
  })

  it('correct the clock of this page by the portal’s', () => {
    const state = applySnapshot(emptyFloor, snapshot('delegate'), Date.parse(at) - 90_000)
    expect(state.clockOffsetMs).toBe(90_000)
  })

  it('keep hands in the order in which they were raised', () => {
    const hand = (identity: string, time: string) => ({
      identity,
      name: identity,
      unit: '',
      at: `2026-11-22T07:0${time}:00.000Z`,
    })
    const state = run(
      start(),
      event(11, { type: 'hand_raised', hand: hand('b', '2') }),
      event(12, { type: 'hand_raised', hand: hand('a', '1') }),
      event(13, { type: 'hand_raised', hand: hand('c', '3') }),
      event(14, { type: 'hand_lowered', identity: 'a' }),
    )
    expect(state.hands.map(raised => raised.identity)).toEqual(['b', 'c'])
  })

  it('give a viewer the floor and take it', () => {
    const speaker = { identity: 'viewer:a', name: 'Bà Lan', unit: 'xã Tân Cương', at }
    const given = run(start(), event(11, { type: 'floor_given', speaker }))
    expect(given.speakers).toEqual([speaker])
    expect(run(given, event(12, { type: 'floor_taken', identity: 'viewer:a' })).speakers).toEqual([])
    expect(run(given, event(12, { type: 'removed', identity: 'viewer:a', by: 'Nam' })).speakers).toEqual([])
  })

  it('settle questions and the lobby', () => {
    const state = run(
      start('chair'),
      event(11, {
        type: 'question_asked',
        question: { id: 'q', identity: 'x', name: 'X', text: '?', status: 'open', at },
      }),
      event(12, { type: 'question_status', questionId: 'q', status: 'answered' }),
      event(13, {
        type: 'lobby_requested',
        request: {
          id: 'l',
          identity: 'g',
          name: 'G',
          unit: '',
          at,
          claim: null,
          invited: false,
          resembles: null,
        },
      }),
      event(14, { type: 'lobby_settled', requestId: 'l', admitted: true }),
      event(15, { type: 'meeting_ended', by: 'Lan' }),
    )
    expect(state.questions[0]?.status).toBe('answered')
    expect(state.lobby).toEqual([])
    expect(state.status).toBe('ended')
  })

  it('are replaced by a snapshot, the count of viewers is not', () => {
    const state = applySnapshot({ ...run(start(), chat(11)), viewers: 40 }, snapshot('delegate', { seq: 30 }))
    expect(state).toMatchObject({ seq: 30, chat: [], viewers: 40, isSynced: true })
  })
})

describe('effects', () => {
  const now = Date.parse(at) + 1000

  it('concern only the person they are meant for', () => {
    const muted = (identity: string | null) =>
      event(11, { type: 'muted_by_chair', identity, source: 'microphone', by: 'Chủ toạ' })
    expect(effectOf(muted('user:1'), 'user:1', now)).toMatchObject({ type: 'muted', all: false })
    expect(effectOf(muted(null), 'user:1', now)).toMatchObject({ type: 'muted', all: true })
    expect(effectOf(muted('user:9'), 'user:1', now)).toBeNull()
  })

  it('are not requests any more when they come late, except those that are final', () => {
    const late = now + 120_000
    expect(
      effectOf(event(11, { type: 'unmute_asked', identity: 'user:1', by: 'Lan' }), 'user:1', late),
    ).toBeNull()
    expect(
      effectOf(event(11, { type: 'removed', identity: 'user:1', by: 'Lan' }), 'user:1', late),
    ).not.toBeNull()
    expect(effectOf(event(11, { type: 'meeting_ended', by: 'Lan' }), 'user:1', late)).not.toBeNull()
  })

  it('say nothing about one own messages', () => {
    expect(effectOf(chat(11), 'user:2', now)).toBeNull()
    expect(effectOf(chat(11), 'user:1', now)?.type).toBe('chat')
  })
})

describe('recording', () => {
  it('is told for as long as anything is captured', () => {
    const recording = (status: 'requested' | 'recording' | 'composing' | 'ready') => ({
      recordingId: 'EG_1',
      status,
      startedAt: null,
      progress: null,
      error: null,
    })
    expect(isCapturing(recording('requested'))).toBe(true)
    expect(isCapturing(recording('recording'))).toBe(true)
    expect(isCapturing(recording('composing'))).toBe(false)
    expect(isCapturing(null)).toBe(false)
  })
})
