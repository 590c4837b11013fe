import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import {
  ConnectionQuality,
  DataPacket,
  DataPacket_Kind,
  JoinResponse,
  ParticipantInfo,
  ParticipantInfo_Kind,
  SignalResponse,
  SpeakerInfo,
  TrackSource,
  UserPacket,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseJoinQuery } from './claims.ts'
import { QualityChanges, qualityOf } from './connection-quality.ts'
import { isReceiver, readClientPacket } from './data-packets.ts'
import { type Demand, Dynacast, qualityUpdateOf } from './dynacast.ts'
import { attributesLength, defaultLimits, TokenBucket } from './limits.ts'
import { changedProfile } from './metadata.ts'
import { capabilitiesOf, kindDetailsOf, kindOf, mayPublishSource, permissionOf } from './permissions.ts'
import { Speakers } from './speakers.ts'
import { encodeInfo, encodeJoin, encodeUpdates } from './wire.ts'

describe('permissions of a token', () => {
  it('allow publishing and subscribing unless refused; data follows publishing', () => {
    expect(permissionOf({})).toMatchObject({
      canSubscribe: true,
      canPublish: true,
      canPublishData: true,
      canUpdateMetadata: false,
      hidden: false,
    })
    expect(permissionOf({ canPublish: false })).toMatchObject({ canPublish: false, canPublishData: false })
    expect(permissionOf({ canPublish: false, canPublishData: true }).canPublishData).toBe(true)
  })

  it('limit the sources; a list of unknown names only allows nothing', () => {
    const some = permissionOf({ canPublishSources: ['MICROPHONE', 'screen_share'] })
    expect(mayPublishSource(some, TrackSource.MICROPHONE)).toBe(true)
    expect(mayPublishSource(some, TrackSource.SCREEN_SHARE)).toBe(true)
    expect(mayPublishSource(some, TrackSource.CAMERA)).toBe(false)
    expect(mayPublishSource(some, TrackSource.UNKNOWN)).toBe(false)
    const strange = permissionOf({ canPublishSources: ['hologram'] })
    expect(mayPublishSource(strange, TrackSource.CAMERA)).toBe(false)
    expect(mayPublishSource(permissionOf({ canPublish: false }), TrackSource.CAMERA)).toBe(false)
  })

  it('name the kind', () => {
    expect(kindOf('agent')).toBe(ParticipantInfo_Kind.AGENT)
    expect(kindOf('nobody knows')).toBe(ParticipantInfo_Kind.STANDARD)
  })

  it('take no name for one that only the table itself answers to', () => {
    for (const name of ['constructor', 'toString', '__proto__', '0', '1']) {
      expect(kindOf(name)).toBe(ParticipantInfo_Kind.STANDARD)
      expect(kindDetailsOf([name])).toEqual([])
      expect(capabilitiesOf([name])).toEqual([])
      expect(permissionOf({ canPublishSources: [name] }).canPublishSources).toEqual([])
    }
  })
})

describe('the query of a join', () => {
  it('has the default for a number that others could not be told', () => {
    const read = (value: string) =>
      parseJoinQuery(new URLSearchParams({ client_protocol: value, protocol: value }))
    expect(read('2147483647')).toMatchObject({ clientProtocol: 2_147_483_647, protocol: 2_147_483_647 })
    for (const value of ['2147483648', '3000000000', '-1', '1e9999', 'NaN'])
      expect(read(value).clientProtocol, value).toBeLessThan(2)
  })

  it('has defaults for what is absent or no number', () => {
    const query = parseJoinQuery(
      new URLSearchParams('protocol=x&sdk=rust&reconnect=1&sid=PA_1&auto_subscribe=0'),
    )
    expect(query).toMatchObject({
      protocol: 16,
      sdk: 'rust',
      reconnect: true,
      participantSid: 'PA_1',
      autoSubscribe: false,
      adaptiveStream: false,
    })
    expect(parseJoinQuery(new URLSearchParams()).autoSubscribe).toBe(true)
  })
})

describe('encoding for many', () => {
  const infos = Array.from(
    { length: 300 },
    (_, i) => new ParticipantInfo({ sid: `PA_${i}`, metadata: 'm'.repeat(500) }),
  )

  it('splices encoded infos into a join reply that any decoder reads', () => {
    const join = new JoinResponse({ serverVersion: '1', participant: infos[0]! })
    const decoded = SignalResponse.fromBinary(encodeJoin(join, infos.map(encodeInfo))).message
    expect(decoded.case).toBe('join')
    const value = decoded.value as JoinResponse
    expect(value.serverVersion).toBe('1')
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

describe('Speakers', () => {
  const A = 'PA_a' as ParticipantId
  const B = 'PA_b' as ParticipantId

  it('reports changes only, in eighths, and who fell silent', () => {
    const speakers = new Speakers()
    expect(speakers.update([{ participantId: A, level: 0.5 }])).toEqual([
      new SpeakerInfo({ sid: A, level: 0.5, active: true }),
    ])
    expect(speakers.update([{ participantId: A, level: 0.49 }])).toEqual([])
    const changes = speakers.update([
      { participantId: B, level: 0.001 },
      { participantId: B, level: 0.9 },
    ])
    expect(changes).toEqual([
      new SpeakerInfo({ sid: B, level: 1, active: true }),
      new SpeakerInfo({ sid: A, level: 0, active: false }),
    ])
    expect(speakers.order()).toEqual([B])
    speakers.remove(B)
    expect(speakers.update([])).toEqual([])
  })

  it('orders the loudest first and tells newcomers who speaks', () => {
    const speakers = new Speakers()
    speakers.update([
      { participantId: A, level: 0.2 },
      { participantId: B, level: 0.8 },
    ])
    expect(speakers.order()).toEqual([B, A])
    expect(speakers.current().map(speaker => speaker.sid)).toEqual([A, B])
  })
})

describe('connection quality', () => {
  it('is judged by score, and lost when media is', () => {
    expect(qualityOf(null, false)).toBe(ConnectionQuality.EXCELLENT)
    expect(qualityOf(4.2, false)).toBe(ConnectionQuality.EXCELLENT)
    expect(qualityOf(3.2, false)).toBe(ConnectionQuality.GOOD)
    expect(qualityOf(1, false)).toBe(ConnectionQuality.POOR)
    expect(qualityOf(5, true)).toBe(ConnectionQuality.LOST)
  })
  it('is told when it changed', () => {
    const changes = new QualityChanges()
    const sid = 'PA_1' as ParticipantId
    expect(changes.update(sid, 5, false)?.quality).toBe(ConnectionQuality.EXCELLENT)
    expect(changes.update(sid, 4.5, false)).toBeUndefined()
    expect(changes.update(sid, 1, false)?.quality).toBe(ConnectionQuality.POOR)
    expect(changes.update(sid, 4.5, true)).toMatchObject({ quality: ConnectionQuality.LOST, score: 0 })
    expect(changes.update(sid, null, false)).toMatchObject({ quality: ConnectionQuality.EXCELLENT, score: 5 })
    changes.remove(sid)
    expect(changes.current()).toEqual([])
  })
})

describe('Dynacast', () => {
  const TRACK = 'TR_1' as TrackId
  const vp8 = (maxSpatialLayer: number, spatialLayers = 3) => [
    { mimeType: 'video/VP8', maxSpatialLayer, spatialLayers },
  ]
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('tells less only when it lasts and more at once', () => {
    const dynacast = new Dynacast(5_000)
    const told: number[] = []
    const update = (layer: number) =>
      dynacast.update(TRACK, vp8(layer), demand => told.push(demand[0]!.maxSpatialLayer))
    update(2)
    vi.advanceTimersByTime(5_000)
    update(0)
    vi.advanceTimersByTime(4_000)
    update(2)
    vi.advanceTimersByTime(10_000)
    expect(told).toEqual([2])
    update(-1)
    vi.advanceTimersByTime(5_000)
    update(1)
    expect(told).toEqual([2, -1, 1])
    update(0)
    dynacast.close()
    vi.advanceTimersByTime(10_000)
    expect(told).toEqual([2, -1, 1])
  })

  it('asks for a codec that is not published yet at once, even as its first word', () => {
    const dynacast = new Dynacast(5_000)
    const told: string[] = []
    const backup = { mimeType: 'video/VP8', maxSpatialLayer: 1, spatialLayers: 0 }
    const primary = { mimeType: 'video/VP9', maxSpatialLayer: -1, spatialLayers: 3 }
    dynacast.update(TRACK, [primary, backup], demand => told.push(JSON.stringify(demand)))
    expect(told).toEqual([JSON.stringify([primary, backup])])
    const [vp9, asked] = qualityUpdateOf(TRACK, [primary, backup]).subscribedCodecs
    expect(vp9).toMatchObject({
      codec: 'vp9',
      qualities: [false, false, false].map(enabled => ({ enabled })),
    })
    expect(asked).toMatchObject({ codec: 'vp8', qualities: [true, true, true].map(enabled => ({ enabled })) })
    dynacast.close()
  })

  it('says again what it asks for in a codec that is not there yet, also when nobody does for a moment', () => {
    const dynacast = new Dynacast(5_000)
    const told: Demand[] = []
    const primary = { mimeType: 'video/VP9', maxSpatialLayer: -1, spatialLayers: 3 }
    const backup = (maxSpatialLayer: number, spatialLayers: number) => [
      primary,
      { mimeType: 'video/VP8', maxSpatialLayer, spatialLayers },
    ]
    const update = (demand: Demand) => dynacast.update(TRACK, demand, settled => told.push(settled))
    const asked = backup(1, 0)
    update(asked)
    update(backup(-1, 0))
    vi.advanceTimersByTime(1_000)
    expect(told).toEqual([asked, asked])
    update(asked)
    // Published: what was asked for with all its layers is wanted with two of three.
    const published = backup(1, 3)
    update(published)
    vi.advanceTimersByTime(10_000)
    expect(told).toEqual([asked, asked, asked, published])
    update(backup(-1, 3))
    update(asked)
    vi.advanceTimersByTime(500)
    dynacast.close()
    expect(vi.getTimerCount()).toBe(0)
    update(backup(2, 0))
    vi.advanceTimersByTime(60_000)
    expect(told.slice(4)).toEqual([asked, backup(2, 0), backup(2, 0), backup(2, 0)])
  })

  it('turns layers into qualities; the top layer stands for all', () => {
    const enabled = (layer: number, layers: number) =>
      qualityUpdateOf(TRACK, vp8(layer, layers)).subscribedQualities.map(quality => quality.enabled)
    expect(enabled(-1, 3)).toEqual([false, false, false])
    expect(enabled(0, 3)).toEqual([true, false, false])
    expect(enabled(1, 3)).toEqual([true, true, false])
    expect(enabled(1, 2)).toEqual([true, true, true])
    expect(enabled(0, 1)).toEqual([true, true, true])
    expect(qualityUpdateOf(TRACK, vp8(0)).subscribedCodecs[0]?.codec).toBe('vp8')
  })
})

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

describe('changes of a profile', () => {
  const profile = { name: 'n', metadata: 'm', attributes: { a: '1', b: '2' } }
  it('merge attributes and remove empty ones', () => {
    const next = changedProfile(profile, { attributes: { a: '', c: '3' } }, defaultLimits)
    expect(next).toEqual({ name: 'n', metadata: 'm', attributes: { b: '2', c: '3' } })
    expect(changedProfile(profile, { name: 'n', attributes: { a: '1' } }, defaultLimits)).toBeUndefined()
  })
  it('stay within the limits', () => {
    const limits = { ...defaultLimits, metadataBytes: 4, attributesBytes: 6, nameBytes: 4 }
    expect(() => changedProfile(profile, { metadata: 'ạạ' }, limits)).toThrow(/metadata/)
    expect(() => changedProfile(profile, { attributes: { c: '123' } }, limits)).toThrow(/attributes/)
    expect(() => changedProfile(profile, { name: 'Hội' }, limits)).toThrow(/name/)
    expect(attributesLength({ a: 'ạ' })).toBe(4)
  })
})

describe('TokenBucket', () => {
  it('allows a burst, then the rate', () => {
    const bucket = new TokenBucket(10, 3, 0)
    expect([0, 0, 0, 0].map(now => bucket.take(now))).toEqual([true, true, true, false])
    expect([100, 101].map(now => bucket.take(now))).toEqual([true, false])
    expect([10_000, 10_000, 10_000, 10_000].map(now => bucket.take(now))).toEqual([true, true, true, false])
  })
})
