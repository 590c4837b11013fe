import { expect, it } from 'vitest'
import type { PeerStats } from '../worker/rtc-clients.mjs'
import { formatParticipants, participantReport, percentile } from './participant-report.ts'

const presence = {
  identity: 'viewer-0',
  peer: 4,
  startedAt: 1_000,
  connectedAt: 1_080,
  wanted: [1, 2],
  heldBack: [],
}

function stats(packets: number, flows: PeerStats['flows']): PeerStats {
  const received = [1, 2, 9].map(stream => ({
    ssrc: stream,
    stream,
    packets: packets * stream,
    octets: packets * stream * 100,
    intact: packets,
    spoiled: 0,
    lost: stream,
  }))
  return { id: 4, connected: true, undecryptable: 0, sent: [], received, flows }
}
const picture = (count: number) => ({ layer: 1, firstAt: 1_150, count, freezes: 1, frozenMs: 400 })

it('tells what came since the measurement began, of the wanted streams alone, and first times since the join', () => {
  const flow = { gapMs: 30, longGaps: 0, firstAt: 1_120 }
  const before = stats(10, [
    { ...flow, stream: 1 },
    { ...flow, stream: 2, picture: picture(5) },
  ])
  const after = stats(30, [
    { ...flow, stream: 1, gapMs: 250, longGaps: 2 },
    { ...flow, stream: 2, firstAt: 1_110, picture: picture(25) },
    { ...flow, stream: 9, gapMs: 900, longGaps: 7 },
  ])
  expect(participantReport(presence, before, after)).toEqual({
    identity: 'viewer-0',
    startedAt: 1_000,
    joinMs: 80,
    firstPacketMs: 110,
    firstPictureMs: 150,
    completeMs: 120,
    streams: { expected: 2, received: 2 },
    packets: 60,
    bytes: 6_000,
    lost: 0,
    spoiled: 0,
    heldBack: 0,
    longestGapMs: 250,
    longGaps: 2,
    heldBackGaps: 0,
    pictures: 20,
    freezes: 1,
    frozenMs: 400,
  })
})

it('says which gaps are of streams that the server held back', () => {
  const flow = { gapMs: 900, firstAt: 1_120 }
  const after = stats(30, [
    { ...flow, stream: 1, longGaps: 2 },
    { ...flow, stream: 2, longGaps: 5 },
  ])
  const report = participantReport({ ...presence, heldBack: [2] }, undefined, after)
  expect(report).toMatchObject({ heldBack: 1, longGaps: 7, heldBackGaps: 5 })
})

it('says that nothing came to somebody whose media is gone', () => {
  const report = participantReport(presence, undefined, undefined)
  expect(report).toMatchObject({
    firstPacketMs: undefined,
    streams: { expected: 2, received: 0 },
    packets: 0,
  })
  expect(formatParticipants([report])[1]).toMatch(/^viewer-0 +80 +- +- +0\/2 /)
})

it('takes percentiles by the nearest rank', () => {
  const values = Array.from({ length: 50 }, (_, i) => 50 - i)
  expect([percentile(values, 50), percentile(values, 95), percentile([7], 95)]).toEqual([25, 48, 7])
  expect(percentile([], 50)).toBeNaN()
})
