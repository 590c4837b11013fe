import { DataPacket, DataPacket_Kind, UserPacket } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { isReceiver, readClientPacket } from './data-packets.ts'

describe('data packets of clients', () => {
  const sender = { id: 'PA_s', identity: 'sender', isHidden: false, isAgent: false }
  const user = (rest = {}) =>
    new DataPacket({
      participantIdentity: 'forged',
      value: {
        case: 'user',
        value: new UserPacket({ participantSid: 'PA_forged', payload: Buffer.from('x') }),
      },
      ...rest,
    })

  it('carry the true sender, also inside user, and the kind of the channel', () => {
    const routed = readClientPacket(user().toBinary(), 'lossy', sender)
    expect(routed?.packet).toMatchObject({
      participantSid: 'PA_s',
      participantIdentity: 'sender',
      kind: DataPacket_Kind.LOSSY,
      value: { value: { participantSid: 'PA_s', participantIdentity: 'sender' } },
    })
    expect(routed?.destinations).toBeUndefined()
  })

  it('leave a hidden sender unnamed', () => {
    const routed = readClientPacket(user().toBinary(), 'reliable', { ...sender, isHidden: true })
    expect(routed?.packet).toMatchObject({ participantSid: '', participantIdentity: '' })
  })

  it('go to the named receivers, however they are named', () => {
    const packet = user({ destinationIdentities: ['a'] })
    if (packet.value.case === 'user') packet.value.value.destinationSids = ['PA_b']
    const destinations = readClientPacket(packet.toBinary(), 'reliable', sender)?.destinations
    expect(isReceiver(destinations, { id: 'PA_a', identity: 'a' })).toBe(true)
    expect(isReceiver(destinations, { id: 'PA_b', identity: 'b' })).toBe(true)
    expect(isReceiver(destinations, { id: 'PA_c', identity: 'c' })).toBe(false)
  })

  it('are dropped when malformed, empty or of a kind that servers send', () => {
    expect(readClientPacket(Uint8Array.of(0xff), 'reliable', sender)).toBeUndefined()
    expect(readClientPacket(new Uint8Array(), 'reliable', sender)).toBeUndefined()
    const speaker = new DataPacket({ value: { case: 'speaker', value: { speakers: [] } } })
    expect(readClientPacket(speaker.toBinary(), 'reliable', sender)).toBeUndefined()
  })
})
