import { describe, expect, it } from 'vitest'
import { PublicVoice } from './public-voice.ts'
import type { Ticket } from './ticket.ts'

const viewer = (n: number, meetingId = 'MT_1'): Ticket => ({
  kind: 'floor',
  meetingId,
  identity: `viewer:${n}`,
  name: '',
  role: 'viewer',
  userId: null,
  sessionId: null,
})
const ask = { type: 'question_ask', text: '?' }
const asked = (voice: PublicVoice, count: number, network: (n: number) => string, meetingId = 'MT_1') =>
  Array.from({ length: count }, (_, n) => voice.take(viewer(n, meetingId), network(n), ask)).filter(Boolean)
    .length

describe('what the public says', () => {
  it('is limited by network, however many identities it makes', () => {
    const voice = new PublicVoice()
    expect(asked(voice, 200, () => '10.0.0.1')).toBe(30)
    expect(asked(voice, 5, () => '10.0.0.2')).toBe(5)
    expect(asked(voice, 5, () => '10.0.0.1', 'MT_2')).toBe(5)
  })

  it('is limited by meeting, however many networks there are', () => {
    const voice = new PublicVoice()
    expect(asked(voice, 500, n => `10.0.${n}.1`)).toBeLessThanOrEqual(210)
    expect(asked(voice, 5, () => '10.9.9.9', 'MT_2')).toBe(5)
  })

  it('does not limit accounts and moderators, nor what is no speech', () => {
    const voice = new PublicVoice()
    asked(voice, 200, () => '10.0.0.1')
    expect(voice.take({ ...viewer(1), userId: 'US_1', role: 'delegate' }, '10.0.0.1', ask)).toBe(true)
    expect(voice.take(viewer(1), '10.0.0.1', { type: 'unknown' })).toBe(true)
    expect(voice.take(viewer(1), '10.0.0.1', null)).toBe(true)
  })
})
