import type { SpeakingState } from '@diemcau/core/contracts/floor.ts'
import type { SpeakingTurn } from '@diemcau/core/floor/speaking-list.ts'
import { describe, expect, it } from 'vitest'
import { emptyFloor } from './floor-state.ts'
import { ownWish, speechClock } from './speaking-view.ts'

const at = '2026-12-01T07:00:00.000Z'
const start = Date.parse(at)
const turn = (id: string, rank: number, more: Partial<SpeakingTurn> = {}): SpeakingTurn => ({
  ...{ id, identity: `user:${id}`, name: id, unit: '', topic: '', isFromHand: true, addedBy: '', at },
  ...{ status: 'waiting', rank, spokenBefore: 0, startedAt: null, untilAt: null, endedAt: null },
  ...more,
})
const { speaking: empty } = emptyFloor

describe('the place of a wish', () => {
  it('is that of the list for whoever sees it', () => {
    const state: SpeakingState = {
      ...empty,
      turns: [turn('B', 2), turn('A', 1), turn('C', 3, { status: 'spoken' })],
    }
    expect(ownWish(state, 'user:B')).toMatchObject({ place: 2, isNext: false })
    expect(ownWish(state, 'user:C')).toBeNull()
  })
  it('is that among nameless others for a viewer', () => {
    const places = [
      { turnId: 'X', rank: 5 },
      { turnId: 'A', rank: 1 },
      { turnId: 'B', rank: 9 },
    ]
    expect(ownWish({ ...empty, turns: [turn('B', 9)], places }, 'user:B')?.place).toBe(3)
  })
  it('says who was told to be ready, and has no number while it is postponed', () => {
    const next = { turnId: 'A', identity: null, name: 'A', unit: '' }
    const floor = { ...empty.floor, next }
    expect(ownWish({ ...empty, floor, turns: [turn('A', 1)] }, 'user:A')?.isNext).toBe(true)
    expect(ownWish({ ...empty, turns: [turn('A', 1, { status: 'postponed' })] }, 'user:A')?.place).toBeNull()
  })
})

describe('the clock of a speech', () => {
  const until = (s: number) => new Date(start + s * 1000).toISOString()
  it.each([
    [300, 0, '5:00', 'running'],
    [300, 239_000, '1:01', 'running'],
    [300, 240_000, '1:00', 'soon'],
    [300, 299_500, '0:01', 'soon'],
    [300, 300_000, '0:00', 'over'],
    [300, 375_000, '+1:15', 'over'],
  ])('of %i s after %i ms says %s', (limitS, afterMs, text, tone) => {
    expect(speechClock(at, until(limitS), start + afterMs)).toEqual({ text, tone })
  })
  it('without a limit says what has passed', () => {
    expect(speechClock(at, null, start + 65_000)).toEqual({ text: '1:05', tone: 'running' })
  })
})
