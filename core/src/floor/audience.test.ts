import { describe, expect, it } from 'vitest'
import { meetingRoles } from '../roles.ts'
import { audienceOf, eventTypesFor, floorEventTypes } from './audience.ts'

const at = '2026-11-30T01:00:00.000Z'

describe('who is told what on the floor', () => {
  it('leaves out of the public page what participants say to one another', () => {
    const told = eventTypesFor('viewer')
    for (const type of [
      'chat_sent',
      'hand_raised',
      'speaking_turn',
      'speaking_turn_gone',
      'question_asked',
      'lobby_requested',
      'removed',
      'locked',
    ] as const)
      expect(told).not.toContain(type)
    expect(told).toEqual(expect.arrayContaining(['spotlighted', 'recording', 'options_set', 'meeting_ended']))
  })

  it('tells moderators everything: they notice a missing number', () => {
    for (const role of ['chair', 'secretary', 'operator'] as const)
      expect(eventTypesFor(role)).toEqual(floorEventTypes)
  })

  it('keeps the lobby and others’ questions to moderators', () => {
    for (const role of meetingRoles.filter(r => r === 'delegate' || r === 'guest' || r === 'viewer'))
      for (const type of ['lobby_requested', 'lobby_settled', 'question_asked', 'question_status'] as const)
        expect(eventTypesFor(role)).not.toContain(type)
  })

  it('names whom an event concerns', () => {
    const hand = { identity: 'viewer:1', name: '', unit: '', at }
    expect(audienceOf({ type: 'hand_raised', hand })).toEqual({
      audience: 'participants',
      identity: 'viewer:1',
    })
    expect(audienceOf({ type: 'removed', identity: 'viewer:1', by: '' }).identity).toBe('viewer:1')
    expect(audienceOf({ type: 'muted_by_chair', identity: null, source: '', by: '' }).identity).toBeNull()
  })
})
