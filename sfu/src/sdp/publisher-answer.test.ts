import { readFileSync } from 'node:fs'
import type { RtpParameters } from 'mediasoup/types'
import { parse } from 'sdp-transform'
import { describe, expect, it } from 'vitest'
import type { LocalTransport } from './local-transport.ts'
import { type ProducerPlan, planProducer } from './offer-to-producer.ts'
import { writePublisherAnswer } from './publisher-answer.ts'
import { parseRemoteDescription } from './remote-description.ts'
import { parseSubscriberAnswer } from './subscriber-answer.ts'
import { type OfferedSection, writeSubscriberOffer } from './subscriber-offer.ts'

const read = (name: string) => readFileSync(new URL(`./fixtures/${name}.sdp`, import.meta.url), 'utf8')

const candidate = {
  foundation: 'f',
  priority: 1,
  ip: '192.0.2.1',
  address: '192.0.2.1',
  port: 7882,
  type: 'host',
} as const
const local: LocalTransport = {
  iceParameters: { usernameFragment: 'uuuu', password: 'pppp', iceLite: true },
  iceCandidates: [
    { ...candidate, protocol: 'udp' },
    { ...candidate, protocol: 'tcp', tcpType: 'passive' },
  ],
  fingerprints: [{ algorithm: 'sha-256', value: 'AB:CD' }],
  sctpPort: 5000,
  maxMessageSize: 262_144,
}

function answer(
  name: string,
  edit: (sdp: string) => string = sdp => sdp,
  accept = true,
  ended: string[] = [],
  announced = { disableDtx: false, stereo: true },
): string {
  const offer = parseRemoteDescription(edit(read(name)))
  const accepted = new Map()
  for (const section of offer.sections) {
    if (!accept || section.kind === 'application' || section.direction !== 'sendonly' || section.isRejected)
      continue
    const { rtpParameters } = planProducer(section, { kind: section.kind, layerCount: 3 }, '') as ProducerPlan
    accepted.set(section.mid, { rtpParameters, ...announced })
  }
  return writePublisherAnswer({ offer, local, accepted, ended: new Set(ended), sessionId: '1', version: 2 })
}

describe('the answer to a publisher', () => {
  it('keeps the order and the mids, and bundles all on one transport', () => {
    const sdp = parse(answer('chromium-opus-vp8-simulcast'))
    expect(sdp.icelite).toBe('ice-lite')
    expect(sdp.groups).toEqual([{ type: 'BUNDLE', mids: '0 1 2' }])
    expect(sdp.media.map(m => [m.type, `${m.mid}`, m.direction])).toEqual([
      ['audio', '0', 'recvonly'],
      ['video', '1', 'recvonly'],
      ['application', '2', undefined],
    ])
    expect(sdp.media.every(m => m.setup === 'passive' && m.iceUfrag === 'uuuu')).toBe(true)
    expect(sdp.media.map(m => m.candidates?.length ?? 0)).toEqual([2, 0, 0])
    expect(sdp.media[1]?.simulcast).toMatchObject({ dir1: 'recv', list1: 'q;h;f' })
    expect(sdp.media[2]?.sctpPort).toBe(5000)
  })

  it.each([
    [{ disableDtx: false, stereo: true }, ['stereo=1', 'usedtx=1']],
    [{ disableDtx: true, stereo: false }, []],
  ])(
    'asks for DTX and stereo as the track was announced, and not for redundancy (%o)',
    (announced, asked) => {
      const sdp = answer('chromium-opus-vp8-simulcast', undefined, true, [], announced)
      const audio = parse(sdp).media[0]!
      const config = audio.fmtp[0]!.config.split(';')
      expect(config).toContain('useinbandfec=1')
      expect(config.filter(parameter => /stereo|dtx/.test(parameter)).sort()).toEqual(asked)
      expect(audio.rtp.map(r => r.codec)).toEqual(['opus'])
    },
  )

  it.each([
    ['', ['VP8', 'H264', 'AV1', 'VP9']],
    ['h264', ['H264', 'VP8', 'AV1', 'VP9']],
    ['vp9', ['VP9', 'VP8', 'H264', 'AV1']],
    ['av1', ['AV1', 'VP8', 'H264', 'VP9']],
  ])(
    'names the codec taken (%s) first, then once each other that could be, with its retransmission',
    (wanted, names) => {
      const offer = parseRemoteDescription(read('chromium-opus-vp8-simulcast'))
      const section = offer.sections[1]!
      const { rtpParameters } = planProducer(
        section,
        { kind: 'video', layerCount: 3 },
        wanted,
      ) as ProducerPlan
      const accepted = new Map([[section.mid, { rtpParameters, disableDtx: false, stereo: false }]])
      const video = parse(writePublisherAnswer({ offer, local, accepted, sessionId: '1', version: 1 }))
        .media[1]!
      const types = `${video.payloads}`.split(' ').map(Number)
      const codecs = types.map(type => video.rtp.find(({ payload }) => payload === type)?.codec)
      expect(codecs).toEqual(names.flatMap(name => [name, 'rtx']))
      expect(types.slice(0, 2)).toEqual(rtpParameters.codecs.map(({ payloadType }) => payloadType))
      for (const [at, type] of types.entries())
        if (at % 2 === 1)
          expect(video.fmtp.find(({ payload }) => payload === type)?.config).toBe(`apt=${types[at - 1]}`)
      const h264 = video.rtp.find(({ codec }) => codec === 'H264')!.payload
      const profile = video.fmtp.find(({ payload }) => payload === h264)!.config
      expect(profile).toMatch(/profile-level-id=42e0/)
      for (const type of types.filter((_, at) => at % 2 === 0))
        expect(video.rtcpFb?.filter(({ payload }) => payload === type).map(fb => fb.type)).toContain('nack')
    },
  )

  it('leaves out what no router carries, and AV1 without the header extension it needs', () => {
    const strip = (sdp: string) => sdp.replace(/^a=extmap:\d+ .*dependency-descriptor.*\r\n/gm, '')
    const [audio, video] = parse(answer('chromium-opus-vp8-simulcast', strip)).media
    expect(audio!.rtp.map(({ codec }) => codec)).toEqual(['opus'])
    expect(video!.rtp.map(({ codec }) => codec).filter(codec => codec !== 'rtx')).toEqual([
      'VP8',
      'H264',
      'VP9',
    ])
  })

  it('lists in a section not taken now all that could be taken, in a rejected one one codec', () => {
    const [audio, video] = parse(answer('chromium-opus-vp8-simulcast', undefined, false)).media
    expect([audio!.direction, audio!.rtp.map(({ codec }) => codec)]).toEqual(['inactive', ['opus']])
    expect(new Set(video!.rtp.map(({ codec }) => codec))).toEqual(
      new Set(['VP8', 'rtx', 'H264', 'AV1', 'VP9']),
    )
    const ended = parse(answer('chromium-opus-vp8-simulcast', undefined, false, ['1'])).media[1]!
    expect([ended.port, ended.rtp.length]).toEqual([0, 1])
  })

  it('lets Chrome begin with enough for the upper layers of a picture', () => {
    const video = parse(answer('chromium-opus-vp8-simulcast')).media[1]!
    expect(video.fmtp[0]?.config.split(';')).toContain('x-google-start-bitrate=1000')
  })

  it('answers what is not taken inactive, with the extensions kept', () => {
    const sdp = parse(answer('chromium-opus-vp8-simulcast', undefined, false))
    expect(sdp.media.slice(0, 2).map(m => m.direction)).toEqual(['inactive', 'inactive'])
    expect(sdp.media[1]?.ext?.length).toBeGreaterThan(3)
    expect(sdp.media[1]?.simulcast).toBeUndefined()
  })

  it('rejects the section of a stopped track, but for the one the bundle is tagged with', () => {
    const sdp = parse(answer('chromium-opus-vp8-simulcast', undefined, false, ['0', '1']))
    expect(sdp.media.map(m => m.port)).toEqual([7, 0, 7])
    expect(sdp.groups?.[0]?.mids).toBe('0 2')
  })

  it('answers a rejected section without a mid as it came', () => {
    const sdp = parse(
      answer('chromium-opus-vp8-simulcast', s =>
        s.replace('m=video 9', 'm=video 0').replace('a=mid:1\r\n', ''),
      ),
    )
    expect(sdp.media[1]).toMatchObject({ port: 0 })
    expect(sdp.media[1]?.mid).toBeUndefined()
  })

  it('answers a stopped section with port 0 outside the bundle', () => {
    const sdp = parse(answer('chromium-opus-vp8-simulcast', s => s.replace('m=video 9', 'm=video 0')))
    expect(sdp.media[1]).toMatchObject({ port: 0, direction: 'inactive' })
    expect(sdp.groups?.[0]?.mids).toBe('0 2')
  })

  it('becomes the active side for a client that insists on being passive', () => {
    const sdp = parse(
      answer('chromium-opus-vp8-simulcast', s => s.replaceAll('setup:actpass', 'setup:passive')),
    )
    expect(sdp.media[0]?.setup).toBe('active')
  })

  it.each([
    'firefox-opus-vp8-simulcast',
    'safari-opus-h264',
    'rust-rtc-node',
    'chromium-vp9-svc',
    'chromium-h264-first',
  ])('answers %s section for section', name => {
    const offered = parse(read(name))
    const answered = parse(answer(name))
    expect(answered.media.map(m => `${m.type} ${m.mid}`)).toEqual(
      offered.media.map(m => `${m.type} ${m.mid}`),
    )
    for (const [i, media] of answered.media.entries())
      for (const ext of media.ext ?? [])
        expect(offered.media[i]?.ext).toContainEqual(
          expect.objectContaining({ value: ext.value, uri: ext.uri }),
        )
  })
})

const vp8: RtpParameters = {
  mid: '1',
  codecs: [
    {
      mimeType: 'video/VP8',
      payloadType: 101,
      clockRate: 90_000,
      parameters: {},
      rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
    },
    {
      mimeType: 'video/rtx',
      payloadType: 102,
      clockRate: 90_000,
      parameters: { apt: 101 },
      rtcpFeedback: [],
    },
  ],
  headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 1, encrypt: false, parameters: {} }],
  encodings: [{ ssrc: 11, rtx: { ssrc: 12 } }],
  rtcp: { cname: 'c', reducedSize: true },
}
const video = { kind: 'video', rtpParameters: vp8 } as const
const active: OfferedSection = {
  ...video,
  state: 'active',
  mid: '1',
  participantId: 'PA_x',
  trackId: 'TR_y',
  stream: 'camera',
}
const offerOf = (sections: OfferedSection[]) =>
  parse(
    writeSubscriberOffer({
      local,
      sections: [{ state: 'data', mid: '0' }, ...sections],
      sessionId: '1',
      version: 1,
    }),
  )

describe('the offer to a subscriber', () => {
  it('names participant, stream and track where the SDKs look for them', () => {
    const text = writeSubscriberOffer({ local, sections: [active], sessionId: '1', version: 1 })
    expect(text).toContain('\r\na=msid:PA_x|camera TR_y\r\n')
    const [, media] = offerOf([active]).media
    expect(media).toMatchObject({ direction: 'sendonly', setup: 'actpass', payloads: '101 102' })
    expect(media?.ssrcGroups).toEqual([{ semantics: 'FID', ssrcs: '11 12' }])
  })

  it('drops a rejected section from the bundle', () => {
    const sdp = offerOf([active, { ...video, state: 'rejected', mid: '2' }])
    expect(sdp.groups?.[0]?.mids).toBe('0 1')
    expect(sdp.media[1]).toMatchObject({ direction: 'sendonly', port: 7, payloads: '101 102' })
    expect(sdp.media[2]).toMatchObject({ direction: 'inactive', port: 0 })
    expect(sdp.media[2]?.msid).toBeUndefined()
  })

  it('announces the dependency descriptor for AV1, which mediasoup sends unannounced', () => {
    const av1 = { ...vp8, codecs: [{ mimeType: 'video/AV1', payloadType: 45, clockRate: 90_000 }] }
    const [, media] = offerOf([{ ...active, rtpParameters: av1 } as OfferedSection]).media
    expect(media?.ext).toContainEqual(
      expect.objectContaining({ value: 7, uri: expect.stringContaining('dependency') }),
    )
  })
})

describe("a subscriber's answer", () => {
  const text = read('chromium-opus-vp8-simulcast')
    .replaceAll('a=sendonly', 'a=recvonly')
    .replaceAll('setup:actpass', 'setup:active')

  it('tells which sections are received and with which payload types', () => {
    const parsed = parseSubscriberAnswer(text.replace('m=video 9', 'm=video 0'))
    expect(parsed.dtlsParameters.role).toBe('client')
    expect(parsed.sections.get('0')).toMatchObject({ isReceiving: true, isRejected: false })
    expect(parsed.sections.get('0')?.payloadTypes.has(111)).toBe(true)
    expect(parsed.sections.get('1')).toMatchObject({ isReceiving: false, isRejected: true })
  })

  it('has a client that answers passive for the DTLS server, and any other for the client', () => {
    const roleWith = (setup: string) =>
      parseSubscriberAnswer(text.replaceAll('setup:active', `setup:${setup}`)).dtlsParameters.role
    expect(['passive', 'active', 'actpass'].map(roleWith)).toEqual(['server', 'client', 'client'])
  })

  it('takes an inactive section for one that is not received', () => {
    const parsed = parseSubscriberAnswer(text.replace('a=recvonly', 'a=inactive'))
    expect(parsed.sections.get('0')).toMatchObject({ isReceiving: false, isRejected: false })
  })

  it('is refused when it is broken', () => {
    expect(() => parseSubscriberAnswer('v=0')).toThrow(expect.objectContaining({ code: 'bad_sdp' }))
  })
})
