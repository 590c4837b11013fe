import { CandidateProtocol, LeaveRequest_Action, SimulateScenario } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Client, RecordingLink, settle, useTimedRooms } from '../../test/room-support/test-room.ts'
import { simulateScenario } from './simulate-scenario.ts'

describe('a simulated scenario', () => {
  const { rooms, wait } = useTimedRooms()
  let an: Client
  let binh: Client
  beforeEach(async () => {
    an = await rooms.join('an')
    binh = await rooms.join('binh')
  })
  afterEach(() => {
    expect(binh.participant.isClosed).toBe(false)
  })
  const play = (scenario: SimulateScenario['scenario']) =>
    simulateScenario(new SimulateScenario({ scenario }), an)

  it('that is not named is none', () => {
    expect(play({ case: undefined })).toBe(false)
  })

  it('of speaking begins at once and ends after the seconds it names, for the sender only', async () => {
    play({ case: 'speakerUpdate', value: 3 })
    expect(an.link.last('speakersChanged').speakers[0]).toMatchObject({
      sid: an.participant.id,
      active: true,
    })
    await wait(2_900)
    expect(an.link.all('speakersChanged')).toHaveLength(1)
    await wait(200)
    expect(an.link.last('speakersChanged').speakers[0]).toMatchObject({ active: false, level: 0 })
    expect(binh.link.all('speakersChanged')).toEqual([])
  })

  it('of speaking many times over is one speaking, which the last word ends', async () => {
    const timers = vi.getTimerCount()
    for (let n = 0; n < 500; n++) play({ case: 'speakerUpdate', value: 60 })
    play({ case: 'speakerUpdate', value: 2 })
    expect(vi.getTimerCount()).toBe(timers + 1)
    await wait(2_100)
    expect(an.link.all('speakersChanged').filter(({ speakers }) => !speakers[0]?.active)).toHaveLength(1)
    await wait(60_000)
    expect(an.link.all('speakersChanged').filter(({ speakers }) => !speakers[0]?.active)).toHaveLength(1)
  })

  it('of speaking ends after a minute at the latest', async () => {
    play({ case: 'speakerUpdate', value: 86_400 })
    await wait(60_100)
    expect(an.link.all('speakersChanged').map(({ speakers }) => speakers[0]?.active)).toEqual([true, false])
  })

  it.each(['nodeFailure', 'migration'] as const)('of %s ends without a word', async scenario => {
    play({ case: scenario, value: true })
    expect(an.participant.isClosed).toBe(true)
    expect(an.link.cases()).not.toContain('leave')
    expect(an.link.closed).toBeDefined()
    expect(
      rooms.registry.resume(rooms.claims('an'), an.participant.id, new RecordingLink(), ''),
    ).toBeUndefined()
  })

  it('leaves with the scenario that says so, for good or to come back', async () => {
    play({ case: 'serverLeave', value: true })
    expect(an.link.last('leave').action).toBe(LeaveRequest_Action.DISCONNECT)
    an = await rooms.join('an')
    play({ case: 'leaveRequestFullReconnect', value: true })
    expect(an.link.last('leave').action).toBe(LeaveRequest_Action.RECONNECT)
  })

  it('cuts a resume off before its reply or after it, and only that one', async () => {
    for (const [scenario, cases] of [
      ['disconnectSignalOnResumeNoMessages', []],
      ['disconnectSignalOnResume', ['reconnect']],
    ] as const) {
      play({ case: scenario, value: true })
      const cut = new RecordingLink()
      rooms.registry.resume(rooms.claims('an'), an.participant.id, cut, '')
      await settle()
      expect(cut.cases()).toEqual(expect.arrayContaining([...cases]))
      expect(cut.cases().length === 0).toBe(cases.length === 0)
      expect(cut.closed?.code).toBe(1001)
      const link = new RecordingLink()
      rooms.registry.resume(rooms.claims('an'), an.participant.id, link, '')
      await settle()
      expect(link.closed).toBeUndefined()
      expect(link.cases()).toContain('reconnect')
    }
  })

  it('limits what the subscriber is sent, until 0 lifts it', async () => {
    play({ case: 'subscriberBandwidth', value: 250_000n })
    await settle()
    expect(an.peer.bitrateLimit).toBe(250_000)
    play({ case: 'subscriberBandwidth', value: 0n })
    await settle()
    expect([an.peer.bitrateLimit, binh.peer.bitrateLimit]).toEqual([0, 0])
  })

  it('gives the next connection candidates of one protocol only', async () => {
    for (const [protocol, told] of [
      [CandidateProtocol.TCP, 'tcp'],
      [CandidateProtocol.UDP, 'udp'],
      [CandidateProtocol.TLS, 'tcp'],
    ] as const) {
      play({ case: 'switchCandidateProtocol', value: protocol })
      an = await rooms.join('an')
      expect(an.peer.options.candidateProtocol).toBe(told)
    }
    expect((await rooms.join('binh')).peer.options.candidateProtocol).toBeUndefined()
    binh = await rooms.join('binh')
  })
})
