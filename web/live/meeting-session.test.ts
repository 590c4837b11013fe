import type { JoinResult } from '@diemcau/core/contracts/join.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MeetingSession } from './meeting-session.ts'
import { Store } from './store.ts'

/** The media and the floor reduced to what the session asks of them; the portal answers from a list. */
const media = vi.hoisted(() => ({
  isConnected: false,
  connects: 0,
  adopted: [] as unknown[],
  lose: (_reason?: number) => {},
}))
const lobby = vi.hoisted(() => ({ settle: (_outcome: 'admitted' | 'denied' | 'ask_again') => {} }))

vi.mock('./media-room.ts', () => ({
  MediaRoom: class {
    constructor(_choice: unknown, _playsAudio: boolean, handleLost: (reason?: number) => void) {
      media.lose = reason => {
        media.isConnected = false
        handleLost(reason)
      }
    }
    get isConnected() {
      return media.isConnected
    }
    async connect() {
      media.connects += 1
      media.isConnected = true
    }
    adopt(tracks: unknown[]) {
      media.adopted = tracks
    }
    async close() {}
  },
}))
vi.mock('./floor-client.ts', () => ({
  FloorClient: class {
    readonly state = new Store({ status: 'connecting' })
    connect() {}
    close() {}
  },
  waitInLobby: (_ticket: string, handleSettled: typeof lobby.settle) => {
    lobby.settle = handleSettled
    return { close: () => {} }
  },
}))

const admitted: JoinResult = {
  status: 'admitted',
  serverUrl: 'ws://sfu',
  token: 'token',
  ticket: 'ticket',
  identity: 'guest:1',
  name: 'Lan',
  role: 'guest',
  meeting: { id: 'm', code: 'c', title: 'T', recorded: false, kind: 'meeting' },
}
const waiting: JoinResult = { status: 'waiting', ticket: 'lobby', requestId: 'r' }
const wrongCode: JoinResult = { status: 'refused', reason: 'wrong_code' }
const SLOW_DOWN = 429

describe('a meeting session', () => {
  let answers: (JoinResult | typeof SLOW_DOWN)[]
  let session: MeetingSession
  const asked = () => vi.mocked(fetch).mock.calls.length
  const track = () => ({ stop: vi.fn() })
  const join = (tracks: { stop: () => void }[] = []) =>
    session.join({ as: 'participant', deviceId: 'd' } as never, tracks as never)

  beforeEach(() => {
    vi.useFakeTimers()
    Object.assign(media, { isConnected: false, connects: 0, adopted: [] })
    answers = []
    vi.stubGlobal(
      'fetch',
      vi.fn(async () => {
        const next = answers.shift() ?? admitted
        return next === SLOW_DOWN ? new Response('', { status: SLOW_DOWN }) : Response.json(next)
      }),
    )
    session = new MeetingSession('c', {} as never, true)
  })
  afterEach(() => {
    session.close()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('joins and hands its tracks to the room', async () => {
    const camera = track()
    await join([camera])
    expect(session.phase.get().name).toBe('room')
    expect(media).toMatchObject({ connects: 1, adopted: [camera] })
    expect(camera.stop).not.toHaveBeenCalled()
  })

  it('comes back when the page that was being left is still there, and not when it hung up', async () => {
    await join()
    media.lose(1)
    await vi.advanceTimersByTimeAsync(2_500)
    expect(media.connects).toBe(1)
    await vi.advanceTimersByTimeAsync(1_500)
    expect(media.connects).toBe(2)
    session.leave()
    media.lose(1)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(media.connects).toBe(2)
    expect(session.phase.get()).toMatchObject({ name: 'over', why: 'left' })
  })

  it('goes on waiting in the lobby while the portal asks for patience', async () => {
    answers = [waiting]
    const camera = track()
    await join([camera])
    answers = [SLOW_DOWN, SLOW_DOWN, waiting]
    lobby.settle('ask_again')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(asked()).toBe(2)
    expect(session.phase.get().name).toBe('waiting')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(asked()).toBe(4)
    expect(session.phase.get().name).toBe('waiting')
    lobby.settle('admitted')
    await vi.advanceTimersByTimeAsync(0)
    expect(session.phase.get().name).toBe('room')
    expect(media.adopted).toEqual([camera])
  })

  it('leaves the devices to the check page when that is still there, and stops them when it is not', async () => {
    answers = [SLOW_DOWN]
    const shown = track()
    await join([shown])
    expect(session.phase.get()).toEqual({ name: 'check', problem: 'too_many_attempts' })
    expect(shown.stop).not.toHaveBeenCalled()

    answers = [waiting, wrongCode]
    const handedOver = track()
    await join([handedOver])
    lobby.settle('ask_again')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(session.phase.get()).toEqual({ name: 'check', problem: 'wrong_code' })
    expect(handedOver.stop).toHaveBeenCalled()
    expect(shown.stop).not.toHaveBeenCalled()
  })

  it('says to a guest of the lobby that the meeting is full', async () => {
    answers = [waiting, { status: 'refused', reason: 'full' }]
    await join()
    lobby.settle('admitted')
    await vi.advanceTimersByTimeAsync(0)
    expect(session.phase.get()).toMatchObject({ name: 'over', why: 'full' })
  })

  it('stops devices that come too late or are replaced by others', async () => {
    answers = [waiting, waiting]
    const [first, second, late] = [track(), track(), track()]
    await join([first])
    await join([second])
    expect(first.stop).toHaveBeenCalled()
    expect(second.stop).not.toHaveBeenCalled()
    session.close()
    await join([late])
    expect(late.stop).toHaveBeenCalled()
    expect(asked()).toBe(2)
  })

  it('stops the devices of somebody who leaves the page while waiting', async () => {
    answers = [waiting]
    const camera = track()
    await join([camera])
    session.close()
    expect(camera.stop).toHaveBeenCalled()
  })
})
