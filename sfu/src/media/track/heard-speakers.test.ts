import { newParticipantId, newTrackId } from '@diemcau/core/ids.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HeardSpeakers, type Speaker } from './heard-speakers.ts'
import type { PublishedTrack } from './published-track.ts'
import { TrackDirectory } from './track-directory.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A room with one voice, `producerId`, heard by one router. */
function roomWith(producerId: string) {
  const directory = new TrackDirectory()
  const heard: Speaker[][] = []
  const track = {
    trackId: newTrackId(),
    participantId: newParticipantId(),
    codecs: [{ producer: { id: producerId } }],
  } as unknown as PublishedTrack
  directory.add(track)
  directory.linkProducer(producerId, track)
  const speakers = new HeardSpeakers(directory, now => heard.push(now))
  const router = {}
  const speak = (isLoud: boolean) => speakers.hear(router, isLoud ? [{ producerId, volume: -20 }] : [])
  return { directory, heard, track, speakers, speak }
}

describe('the speakers of rooms that are forwarded to one another', () => {
  it('are heard in both, as the participant each room knows, until it ends', () => {
    const [one, two] = [roomWith('voice-1'), roomWith('voice-2')]
    const [oneInTwo, twoInOne] = [newParticipantId(), newParticipantId()]
    const endDirectory = two.directory.addForwarded(one.track, oneInTwo)
    const ends = [two.speakers.follow(one.speakers), two.speakers.follow(one.speakers)]
    one.directory.addForwarded(two.track, twoInOne)
    one.speakers.follow(two.speakers)

    one.speak(true)
    vi.advanceTimersByTime(100)
    expect(one.heard.at(-1)).toMatchObject([{ participantId: one.track.participantId, level: 0.1 }])
    expect(two.heard.at(-1)).toMatchObject([{ participantId: oneInTwo, trackId: one.track.trackId }])
    one.speak(false)
    vi.advanceTimersByTime(100)
    expect(two.heard.at(-1)).toEqual([])

    ends[0]?.()
    one.speak(true)
    vi.advanceTimersByTime(100)
    expect(two.heard).toHaveLength(3)
    ends[1]?.()
    endDirectory()
    two.speak(false)
    vi.advanceTimersByTime(100)
    expect(two.heard.at(-1)).toEqual([])
    one.speak(true)
    vi.advanceTimersByTime(100)
    expect(two.heard).toHaveLength(4)
    expect(one.heard.at(-1)).toMatchObject([{ participantId: one.track.participantId }])
    one.speakers.close()
    two.speakers.close()
    two.speak(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})
