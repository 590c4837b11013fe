import { describe, expect, it } from 'vitest'
import { type FloorCommand, floorCommand } from '../contracts/floor.ts'
import type { MeetingRole } from '../roles.ts'
import { refuseCommand } from './command-rules.ts'

const commandId = '7b0b9e0e-6a55-4d38-9c4c-3f5f3f0c2f11'
const live = {
  status: 'live',
  recorded: true,
  options: { chat: true, viewersMayRaiseHand: false, viewersMayAsk: false, microphonesHeld: false },
}
const run = (role: MeetingRole, command: Record<string, unknown>, meeting = live) =>
  refuseCommand(
    floorCommand.parse({ commandId, ...command }) as FloorCommand,
    { identity: 'user:1', role },
    meeting,
  )
const moderatorOnly: Record<string, unknown>[] = [
  { type: 'question_set_status', questionId: 'q', status: 'answered' },
  { type: 'mute', identity: 'user:2', source: 'camera' },
  { type: 'mute_all' },
  { type: 'ask_unmute', identity: 'user:2' },
  { type: 'remove', identity: 'user:2' },
  { type: 'lock', locked: true },
  { type: 'spotlight', identity: null },
  { type: 'set_options', chat: false },
  { type: 'lobby_admit', requestId: 'l' },
  { type: 'lobby_admit_all' },
  { type: 'lobby_deny', requestId: 'l' },
  { type: 'give_floor', identity: 'viewer:1' },
  { type: 'speaking_add', name: 'Bà Lan' },
  { type: 'speaking_move', turnId: 't', beforeId: null },
  { type: 'speaking_postpone', turnId: 't', isPostponed: true },
  { type: 'speaking_call', turnId: 't' },
  { type: 'speaking_undo', turnId: 't' },
  { type: 'speaking_next', turnId: null },
  { type: 'speaking_extend', turnId: 't', seconds: 60 },
  { type: 'speaking_mode', mode: 'one' },
  { type: 'speaking_rules', limitS: 180 },
  { type: 'recording_start' },
  { type: 'recording_stop' },
  { type: 'end_meeting' },
]

describe('command rules', () => {
  it.each(moderatorOnly)('keeps $type for moderators', command => {
    for (const role of ['chair', 'secretary', 'operator'] as const) expect(run(role, command)).toBeNull()
    for (const role of ['delegate', 'guest', 'viewer'] as const)
      expect(run(role, command)).toBe('moderators_only')
  })
  it('lets anybody lower their own hand and only moderators that of another', () => {
    expect(run('guest', { type: 'hand_lower' })).toBeNull()
    expect(run('guest', { type: 'hand_lower', identity: 'user:1' })).toBeNull()
    expect(run('guest', { type: 'hand_lower', identity: 'user:2' })).toBe('moderators_only')
    expect(run('secretary', { type: 'hand_lower', identity: 'user:2' })).toBeNull()
  })
  it('lets a viewer give back their own floor and only moderators take that of another', () => {
    expect(run('viewer', { type: 'take_floor' })).toBeNull()
    expect(run('viewer', { type: 'take_floor', identity: 'viewer:2' })).toBe('moderators_only')
    expect(run('chair', { type: 'take_floor', identity: 'viewer:2' })).toBeNull()
  })
  it('lets viewers raise a hand or ask only when the chair allows it, and never chat', () => {
    expect(run('viewer', { type: 'hand_raise' })).toBe('viewers_may_not_raise')
    expect(run('viewer', { type: 'question_ask', text: 'Why?' })).toBe('viewers_may_not_ask')
    const open = {
      ...live,
      options: { chat: true, viewersMayRaiseHand: true, viewersMayAsk: true, microphonesHeld: false },
    }
    expect(run('viewer', { type: 'hand_raise' }, open)).toBeNull()
    expect(run('viewer', { type: 'question_ask', text: 'Why?' }, open)).toBeNull()
    expect(run('viewer', { type: 'chat_send', text: 'Hello' }, open)).toBe('viewers_may_not_chat')
  })
  it('closes the chat for all but moderators', () => {
    const closed = { ...live, options: { ...live.options, chat: false } }
    expect(run('delegate', { type: 'chat_send', text: 'Hello' }, closed)).toBe('chat_closed')
    expect(run('chair', { type: 'chat_send', text: 'Hello' }, closed)).toBeNull()
  })
  it('refuses everything once the meeting is over', () => {
    expect(run('chair', { type: 'lock', locked: true }, { ...live, status: 'ended' })).toBe('meeting_over')
  })
  it('leaves a recording nobody was told of to chair and secretary', () => {
    const unplanned = { ...live, recorded: false }
    for (const role of ['chair', 'secretary'] as const)
      expect(run(role, { type: 'recording_start' }, unplanned)).toBeNull()
    expect(run('operator', { type: 'recording_start' }, unplanned)).toBe('not_recorded')
    expect(run('operator', { type: 'recording_stop' }, unplanned)).toBeNull()
  })
  it('does not let a chair remove themselves', () => {
    expect(run('chair', { type: 'remove', identity: 'user:1' })).toBe('not_yourself')
  })
})
