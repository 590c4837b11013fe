import { describe, expect, it } from 'vitest'
import { PAIR_END } from '../../../test/pipe-support/fake-ends.ts'
import { readAnswer, readFacts, readOpen, readState, readWant } from './pipe-messages.ts'

const want = {
  trackId: 'TR_1',
  order: 2,
  codecs: [{ mimeType: 'video/VP8', serial: 1, maxSpatialLayer: 2, isAside: false, isFlowing: true }],
}
const open = {
  serial: 1,
  trackId: 'TR_1',
  mimeType: 'video/VP8',
  pair: { id: 'PP_1', homeRouter: 'r', end: PAIR_END },
  want,
}
const answer = {
  serial: 1,
  end: PAIR_END,
  kind: 'video',
  rtpParameters: {
    codecs: [{ mimeType: 'video/VP8', payloadType: 101, clockRate: 90_000, parameters: { apt: 1 } }],
    encodings: [{ ssrc: 1, rtx: { ssrc: 2 }, scalabilityMode: 'L1T3' }],
  },
  rev: 1,
  paused: false,
}
const facts = {
  trackId: 'TR_1',
  participantId: 'PA_1',
  kind: 'video',
  stream: 'camera',
  isScreen: false,
  isVoice: false,
  layers: [],
  muted: false,
  announced: ['video/VP8'],
  codecs: [{ mimeType: 'video/VP8', spatialLayers: 3, simulcast: true, layers: [] }],
  regressedTo: null,
  homeRouter: 'r',
}

describe('a message of another node', () => {
  it('is read as it was written', () => {
    expect(readOpen(open)).toEqual(open)
    expect(readWant(want)).toEqual(want)
    expect(readAnswer(answer)).toEqual(answer)
    expect(readAnswer({ serial: 1, refused: 'stale_pair' })).toEqual({ serial: 1, refused: 'stale_pair' })
    const state = { serial: 1, trackId: 'TR_1', rev: 0, paused: false, closed: true }
    expect(readState(state)).toEqual(state)
    expect(readFacts(facts)).toEqual(facts)
  })

  const pair = (end: object) => ({ ...open, pair: { ...open.pair, end } })
  it.each([
    ['no object', () => readOpen('open')],
    ['a serial of 0', () => readOpen({ ...open, serial: 0 })],
    ['a host name', () => readOpen(pair({ ...PAIR_END, address: 'node-b' }))],
    ['a port that is none', () => readOpen(pair({ ...PAIR_END, port: 0 }))],
    ['a key of another cipher', () => readOpen(pair({ ...PAIR_END, key: 'AAAA' }))],
    [
      'a layer no codec has',
      () => readWant({ ...want, codecs: [{ ...want.codecs[0], maxSpatialLayer: 99 }] }),
    ],
    ['a flood of codecs', () => readWant({ ...want, codecs: Array(17).fill(want.codecs[0]) })],
    ['an answer without parameters', () => readAnswer({ ...answer, rtpParameters: undefined })],
    ['a refusal nobody knows', () => readAnswer({ serial: 1, refused: 'tired' })],
    [
      'a stream without SSRC',
      () => readAnswer({ ...answer, rtpParameters: { ...answer.rtpParameters, encodings: [{}] } }),
    ],
    ['a state without its level', () => readState({ serial: 1, trackId: 'TR_1', rev: 1 })],
    ['a track of no kind', () => readFacts({ ...facts, kind: 'smell' })],
  ])('is refused with %s', (_, reading) => {
    expect(reading).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })

  it('is refused without a word of what was in it, as keys may be', () => {
    const secret = 'c2VjcmV0'
    expect(() => readOpen(pair({ ...PAIR_END, key: secret }))).toThrow(
      expect.objectContaining({ message: 'pipe.open cannot be read: pair.end.key' }),
    )
  })
})
