import { JoinResponse, ParticipantInfo, SignalResponse } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { encodeInfo, encodeJoin, encodeUpdates } from './wire.ts'

describe('encoding for many', () => {
  const infos = Array.from(
    { length: 300 },
    (_, i) => new ParticipantInfo({ sid: `PA_${i}`, metadata: 'm'.repeat(500) }),
  )

  it('splices encoded infos into a join reply that any decoder reads', () => {
    const join = new JoinResponse({ serverVersion: '1' })
    const own = encodeInfo(new ParticipantInfo({ sid: 'PA_own' }))
    const decoded = SignalResponse.fromBinary(encodeJoin(join, own, infos.map(encodeInfo))).message
    expect(decoded.case).toBe('join')
    const value = decoded.value as JoinResponse
    expect(value.serverVersion).toBe('1')
    expect(value.participant?.sid).toBe('PA_own')
    expect(value.otherParticipants.map(info => info.sid)).toEqual(infos.map(info => info.sid))
  })

  it('splits updates by size and loses none', () => {
    const messages = encodeUpdates(infos.map(encodeInfo), 20_000)
    expect(messages.length).toBeGreaterThan(5)
    expect(messages.every(message => message.length < 21_500)).toBe(true)
    const sids = messages.flatMap(message => {
      const { message: decoded } = SignalResponse.fromBinary(message)
      return decoded.case === 'update' ? decoded.value.participants.map(info => info.sid) : []
    })
    expect(sids).toEqual(infos.map(info => info.sid))
    expect(encodeUpdates([], 10)).toEqual([])
  })
})
