/**
 * Every kind of data packet with every field set, through the room: what the server writes, and that the rest arrives as
 * it was sent. What there is to set is read from @livekit/protocol's descriptors, so new fields and kinds are met here.
 */
import { DataPacket, DataPacket_Kind, EncryptedPacketPayload } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { encodeOutgoing, type PacketSender, readClientPacket } from './data-packets.ts'

type AnyMessage = Record<string, unknown> & { toBinary(): Uint8Array }
interface Field {
  kind: 'scalar' | 'enum' | 'message' | 'map'
  localName: string
  repeated: boolean
  T: unknown
  V?: unknown
  oneof?: { localName: string }
}
interface Type {
  new (): { toBinary(): Uint8Array }
  fields: { list(): Field[] }
}

const SCALARS: Record<number, unknown> = { 1: 1.5, 2: 1.5, 8: true, 9: 'x', 12: new Uint8Array([1, 2]) }
const BIGS = [3, 4, 6, 16, 18]
const scalar = (type: number): unknown => SCALARS[type] ?? (BIGS.includes(type) ? 7n : 7)

/** One value of a field, or several where what it holds has a choice. */
function valuesOf(field: Field): unknown[] {
  const ones =
    field.kind === 'message'
      ? filled(field.T as Type)
      : field.kind === 'enum'
        ? [(field.T as { values: { no: number }[] }).values.at(-1)?.no]
        : field.kind === 'map'
          ? [{ key: 'value' }]
          : [scalar(field.T as number)]
  return field.repeated ? ones.map(value => [value]) : ones
}

/** A message with every field set: one for each thing that may be chosen in it. */
function filled(type: Type): AnyMessage[] {
  const plain = type.fields.list().filter(({ oneof }) => !oneof)
  const base = () => {
    const message = new type() as AnyMessage
    for (const field of plain) message[field.localName] = valuesOf(field)[0]
    return message
  }
  const chosen = type.fields.list().flatMap(field => {
    const { oneof, localName } = field
    return oneof ? valuesOf(field).map(value => ({ name: oneof.localName, case: localName, value })) : []
  })
  if (chosen.length === 0) return [base()]
  return chosen.map(({ name, ...choice }) => Object.assign(base(), { [name]: choice }))
}

const all = filled(DataPacket as unknown as Type) as unknown as DataPacket[]
const sender: PacketSender = { id: 'PA_an', identity: 'an', isHidden: false, isAgent: false }
const through = (packet: DataPacket, from: PacketSender, kind: 'reliable' | 'lossy' = 'reliable') => {
  const routed = readClientPacket(packet.toBinary(), kind, from)
  return routed && DataPacket.fromBinary(encodeOutgoing(routed).payload)
}
/** What was sent, with what the server writes into it. */
const expected = (packet: DataPacket, from: Partial<DataPacket>) => {
  const copy = Object.assign(packet.clone(), { kind: DataPacket_Kind.RELIABLE }, from)
  const { participantSid, participantIdentity } = copy
  if (copy.value.case === 'user') Object.assign(copy.value.value, { participantSid, participantIdentity })
  return copy
}
const passed = all.filter(({ value }) => value.case !== 'speaker' && value.case !== 'transcription')

describe('a data packet', () => {
  it('is there with every field of every kind', () => {
    expect(new Set(all.map(({ value }) => value.case)).size).toBe(
      DataPacket.fields.list().filter(({ oneof }) => oneof).length,
    )
    expect(all.filter(({ value }) => value.case === 'rpcResponse')).toHaveLength(3)
    expect(all.filter(({ value }) => value.case === 'streamHeader')).toHaveLength(2)
  })

  it('passes with every field as it was, but for the sender and the kind of channel', () => {
    const truth = { participantSid: 'PA_an', participantIdentity: 'an' }
    for (const packet of passed) expect(through(packet, sender)).toEqual(expected(packet, truth))
  })

  it('of somebody hidden names nobody', () => {
    const nobody = { participantSid: '', participantIdentity: '' }
    for (const packet of passed)
      expect(through(packet, { ...sender, isHidden: true })).toEqual(expected(packet, nobody))
  })

  it('on the lossy channel has no number', () => {
    for (const packet of passed)
      expect(through(packet, sender, 'lossy')).toMatchObject({ kind: DataPacket_Kind.LOSSY, sequence: 0 })
  })

  it('with a transcription is an agent’s, with speakers nobody’s', () => {
    const agent = { ...sender, isAgent: true }
    for (const packet of all.filter(other => !passed.includes(other))) {
      expect(through(packet, sender)).toBeUndefined()
      const isSpeakers = packet.value.case === 'speaker'
      const truth = { participantSid: 'PA_an', participantIdentity: 'an' }
      expect(through(packet, agent)).toEqual(isSpeakers ? undefined : expected(packet, truth))
    }
  })

  it('of an agent in the name of somebody else is a chat message or a text stream, marked as generated', () => {
    for (const packet of passed) {
      const read = through(packet, { ...sender, isAgent: true })
      const { value } = packet
      const isWritten =
        value.case === 'chatMessage' ||
        (value.case === 'streamHeader' && value.value.contentHeader.case === 'textHeader')
      expect([value.case, read?.participantIdentity]).toEqual([value.case, isWritten ? 'x' : 'an'])
    }
    const said = new DataPacket({ participantIdentity: 'x', value: { case: 'chatMessage', value: {} } })
    const header = { contentHeader: { case: 'textHeader' as const, value: {} } }
    const stream = new DataPacket({
      participantIdentity: 'x',
      value: { case: 'streamHeader', value: header },
    })
    expect(through(said, { ...sender, isAgent: true })?.value.value).toMatchObject({ generated: true })
    expect(through(stream, { ...sender, isAgent: true })?.value.value).toMatchObject({
      contentHeader: { value: { generated: true } },
    })
  })

  it('that is encrypted hides what is in it from the server', () => {
    const bytes = filled(EncryptedPacketPayload as unknown as Type).map(inner => inner.toBinary())
    expect(bytes.length).toBeGreaterThan(5)
    for (const encryptedValue of bytes) {
      const packet = new DataPacket({ value: { case: 'encryptedPacket', value: { encryptedValue } } })
      const { value } = through(packet, sender) ?? {}
      expect(value).toMatchObject({ case: 'encryptedPacket', value: { encryptedValue } })
    }
  })
})
