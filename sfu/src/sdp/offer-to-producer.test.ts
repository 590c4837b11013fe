import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type AnnouncedTrack, type ProducerPlan, planProducer } from './offer-to-producer.ts'
import { mimeTypeOf } from './offered-codecs.ts'
import { parseRemoteDescription, type RemoteSection } from './remote-description.ts'
import { h264Profile } from './router-codecs.ts'

const read = (name: string) => readFileSync(new URL(`./fixtures/${name}.sdp`, import.meta.url), 'utf8')

function sections(name: string, edit: (sdp: string) => string = sdp => sdp) {
  const offer = parseRemoteDescription(edit(read(name)))
  const of = (kind: string) =>
    offer.sections.find(s => s.kind === kind && (s.direction === 'sendonly' || s.direction === 'sendrecv'))!
  return { offer, audio: of('audio'), video: of('video') }
}

const claim = (kind: 'audio' | 'video', layerCount = 0): AnnouncedTrack => ({ kind, layerCount })

function plan(section: RemoteSection, layerCount = 0, codec = ''): ProducerPlan {
  const result = planProducer(section, claim(section.kind as 'audio' | 'video', layerCount), codec)
  if ('refused' in result) throw new Error(result.refused)
  return result
}

describe('a Chromium offer', () => {
  it('gives opus by ssrc and VP8 simulcast by rid, low layer first, at the ids of the offer', () => {
    const { offer, audio, video } = sections('chromium-opus-vp8-simulcast')
    expect(offer.dtlsParameters.role).toBe('auto')
    const opus = plan(audio)
    expect(opus.mimeType).toBe('audio/opus')
    expect(opus.rtpParameters.encodings).toEqual([{ ssrc: 4105835880 }])
    expect(opus.rtpParameters.rtcp?.cname).toBe('AxVcF/fV3olMAiTy')
    // Not offered, and yet answered: lost sound is asked for again.
    expect(opus.rtpParameters.codecs[0]?.rtcpFeedback).toEqual([
      { type: 'transport-cc', parameter: '' },
      { type: 'nack', parameter: '' },
    ])
    const vp8 = plan(video, 3)
    // Three frame rates a layer.
    expect(vp8.rtpParameters.encodings?.map(e => e.scalabilityMode)).toEqual(['L1T3', 'L1T3', 'L1T3'])
    expect(vp8).toMatchObject({ mimeType: 'video/VP8', spatialLayers: 3, simulcast: true })
    expect(vp8.rtpParameters.encodings?.map(e => e.rid)).toEqual(['q', 'h', 'f'])
    expect(vp8.rtpParameters.codecs.map(c => [c.mimeType, c.payloadType])).toEqual([
      ['video/VP8', 96],
      ['video/rtx', 97],
    ])
    expect(vp8.rtpParameters.headerExtensions).toContainEqual(
      expect.objectContaining({ uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', id: 10 }),
    )
    expect(video.trackCid).toBe('ff27628e-8683-4491-bbf8-458ebaf99335')
  })

  it.each([true, false])(
    'names its sound stereo to subscribers only when it was announced so (%s)',
    stereo => {
      // livekit-client offers stereo for every sound.
      const { audio } = sections('chromium-opus-vp8-simulcast', sdp =>
        sdp.replace('useinbandfec=1', 'useinbandfec=1;stereo=1;sprop-stereo=1'),
      )
      const { rtpParameters } = planProducer(audio, { ...claim('audio'), stereo }, '') as ProducerPlan
      const { useinbandfec, stereo: told, 'sprop-stereo': sent } = rtpParameters.codecs[0]!.parameters!
      expect({ useinbandfec, told, sent }).toEqual(
        stereo
          ? { useinbandfec: 1, told: 1, sent: 1 }
          : { useinbandfec: 1, told: undefined, sent: undefined },
      )
    },
  )

  it('gives the constrained baseline profile of H264 although another one is offered first', () => {
    const { video } = sections('chromium-h264-first')
    const { rtpParameters } = plan(video, 1, 'h264')
    expect(h264Profile(`${rtpParameters.codecs[0]?.parameters?.['profile-level-id']}`)).toBe(
      'constrained-baseline',
    )
    expect(rtpParameters.codecs[0]?.parameters?.['packetization-mode']).toBe(1)
    expect(rtpParameters.encodings?.[0]).toHaveProperty('rtx.ssrc')
  })

  it('gives VP9 SVC its scalability mode from the announced layers', () => {
    const { video } = sections('chromium-vp9-svc')
    expect(plan(video, 3, 'vp9').rtpParameters.encodings?.[0]?.scalabilityMode).toBe('L3T3_KEY')
    expect(plan(video, 0, 'vp9').rtpParameters.encodings?.[0]?.scalabilityMode).toBe('L1T3')
    expect(plan(video, 9, 'av1')).toMatchObject({ spatialLayers: 3, simulcast: false, mimeType: 'video/AV1' })
  })

  it('takes the first codec it carries when the wanted one is not offered', () => {
    expect(plan(sections('chromium-opus-vp8-simulcast').video, 3, 'h265').mimeType).toBe('video/VP8')
  })
})

describe('a Rust offer', () => {
  it('has no rtx and lists its layers high first; they are turned round', () => {
    const { offer, audio, video } = sections('rust-rtc-node')
    const vp8 = plan(video, 3)
    expect(vp8.rtpParameters.codecs).toHaveLength(1)
    expect(vp8.rtpParameters.encodings?.map(e => e.rid)).toEqual(['q', 'h', 'f'])
    expect(audio.trackCid).toBe('6fe1dc01-999d-4534-afb4-ea42913288bb')
    // Placeholders for receiving send nothing.
    expect(offer.sections.filter(s => s.direction === 'recvonly')).toHaveLength(6)
  })
})

describe('a Firefox offer', () => {
  it('has its fingerprint in the session part and simulcast by rid beside ssrc lines', () => {
    const { offer, audio, video } = sections('firefox-opus-vp8-simulcast')
    expect(offer.dtlsParameters.fingerprints[0]?.algorithm).toBe('sha-256')
    expect(offer.iceUfrag).toBe('daa87b1e')
    expect(plan(audio).rtpParameters.codecs[0]?.payloadType).toBe(109)
    expect(plan(video, 3).rtpParameters.encodings?.map(e => e.rid)).toEqual(['q', 'h', 'f'])
    expect(video.trackCid).toBe('{a3ea3845-6807-4e1a-981e-aa1dc96bfc14}')
  })

  it('says which way an extension goes; the ids are taken all the same', () => {
    const { rtpParameters } = plan(sections('firefox-opus-vp8-simulcast').video, 3)
    expect(rtpParameters.headerExtensions?.map(({ id, uri }) => `${id} ${uri.split(/[/:]/).at(-1)}`)).toEqual(
      expect.arrayContaining(['3 mid', '9 rtp-stream-id', '10 repaired-rtp-stream-id']),
    )
    expect(rtpParameters.codecs.map(c => [c.mimeType, c.payloadType])).toEqual([
      ['video/VP8', 120],
      ['video/rtx', 124],
    ])
  })
})

describe('a Safari offer', () => {
  it('gives H264 with rtx by ssrc group, and an ufrag that looks like a number stays a string', () => {
    const { offer, video } = sections('safari-opus-h264')
    expect(offer.iceUfrag).toBe('9001')
    const h264 = plan(video)
    expect(h264.rtpParameters.codecs[0]?.payloadType).toBe(98)
    expect(h264.rtpParameters.encodings).toEqual([{ ssrc: 2718281828, rtx: { ssrc: 3141592653 } }])
  })

  it('gives constrained high when nothing else is offered', () => {
    const { video } = sections('safari-opus-h264', sdp =>
      sdp.replace('profile-level-id=42e01f', 'profile-level-id=f4001f'),
    )
    expect(plan(video, 1, 'h264').rtpParameters.codecs[0]?.payloadType).toBe(96)
  })
})

describe('old and odd ways to say the same', () => {
  it('reads simulcast by a SIM group, and the track id from an ssrc line', () => {
    const { video } = sections('safari-opus-h264', sdp =>
      sdp
        .replace('a=ssrc-group:FID 2718281828 3141592653', 'a=ssrc-group:SIM 2718281828 3141592653')
        .replaceAll(/a=msid:[^\r]*\r\n/g, ''),
    )
    expect(plan(video, 2).rtpParameters.encodings).toEqual([{ ssrc: 2718281828 }, { ssrc: 3141592653 }])
    expect(video.trackCid).toBe('22222222-aaaa-4bbb-8ccc-000000000002')
  })

  it('drops the pause sign and alternatives of a simulcast list', () => {
    const { video } = sections('chromium-opus-vp8-simulcast', sdp =>
      sdp.replace('simulcast:send q;h;f', 'simulcast:send q;~h,f'),
    )
    expect(plan(video, 3).rtpParameters.encodings?.map(e => e.rid)).toEqual(['q', 'h'])
  })
})

describe('a section that cannot be used', () => {
  it.each([
    ['only codecs we do not carry', (sdp: string) => sdp.replaceAll(/VP8|VP9|H264|AV1/g, 'H266'), 'codec'],
    [
      'simulcast without the rid extension',
      (sdp: string) => sdp.replaceAll('rtp-stream-id', 'other-id'),
      'extension',
    ],
    [
      'neither rid nor ssrc',
      (sdp: string) => sdp.replaceAll(/a=(rid|simulcast|ssrc)[^\r]*\r\n/g, ''),
      'ssrc',
    ],
  ])('is refused with words: %s', (_name, edit, word) => {
    const { video } = sections('chromium-opus-vp8-simulcast', edit)
    expect(planProducer(video, claim('video', 3), '')).toEqual({ refused: expect.stringContaining(word) })
  })

  it('is refused when it is announced as the other kind', () => {
    const { video } = sections('chromium-opus-vp8-simulcast')
    expect(planProducer(video, claim('audio'), '')).toHaveProperty('refused')
  })
})

describe('a broken description', () => {
  const good = read('chromium-opus-vp8-simulcast')
  it.each([
    ['empty', ''],
    ['not SDP', 'xin chào'],
    ['no sections', good.split('m=audio')[0]!],
    ['binary', '\u0000\u0001m=\u0002'],
    ['a kind nobody knows', good.replace('m=video', 'm=hologram')],
    ['a mid twice', good.replace('a=mid:1', 'a=mid:0')],
    ['no mid', good.replace('a=mid:1\r\n', '')],
    ['a mid of other characters', good.replace('a=mid:1', 'a=mid:<script>')],
    ['no ufrag', good.replaceAll(/a=ice-ufrag[^\r]*\r\n/g, '')],
    ['no fingerprint', good.replaceAll(/a=fingerprint[^\r]*\r\n/g, '')],
    [
      'a fingerprint of rubbish',
      good.replaceAll(/a=fingerprint:sha-256 [^\r]*/g, 'a=fingerprint:sha-256 zz'),
    ],
    ['a million characters', good + 'a=x'.repeat(500_000)],
    ['thousands of sections', good + 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'.repeat(2_000)],
  ])('is refused as a whole: %s', (_name, sdp) => {
    expect(() => parseRemoteDescription(sdp)).toThrow(expect.objectContaining({ code: 'bad_sdp' }))
  })

  it('with absurd numbers and keys in it gives a plan mediasoup can check, or a refusal, never an exception', () => {
    const edits: [RegExp, string][] = [
      [/a=rtpmap:96 VP8\/90000/, 'a=rtpmap:96 VP8/-1'],
      [/a=extmap:10 /, 'a=extmap:99999 '],
      [/a=rtpmap:97 rtx\/90000/, 'a=rtpmap:97 rtx'],
      [/a=fmtp:97 apt=96/, 'a=fmtp:97 apt=apt;__proto__=1;=;'],
      [/(m=video .*)SAVPF .*/, '$1SAVPF 999 -3 x'],
      [/a=rid:q send/, `a=rid:${'q'.repeat(900)} send`],
      [/a=ssrc:\d+/, 'a=ssrc:-5'],
    ]
    for (const [pattern, text] of edits) {
      const { video } = sections('chromium-opus-vp8-simulcast', sdp => sdp.replace(pattern, text))
      const result = planProducer(video, claim('video', 3), '')
      expect('refused' in result || result.rtpParameters.codecs.length > 0).toBe(true)
    }
    expect(({} as Record<string, unknown>).apt).toBeUndefined()
  })
})

describe('the name of a codec', () => {
  it('is one that routers carry, whatever a publisher calls its codecs', () => {
    expect(mimeTypeOf('VP8')).toBe('video/VP8')
    for (const name of ['h265', '', 'constructor', 'toString', '__proto__', 'valueOf'])
      expect(mimeTypeOf(name), name).toBeUndefined()
  })
})
