import { EventEmitter } from 'node:events'
import { type Room, Track } from 'livekit-client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LocalMedia } from './local-media.ts'

/** What LocalMedia needs of a livekit room: which sources are published, and devices that may fail to start. */
function setUp() {
  const published = new Map<Track.Source, { track?: object }>()
  const faults: Error[] = []
  const opened: string[] = []
  const open = (source: Track.Source) => async (isOn: boolean) => {
    opened.push(`${source} ${isOn}`)
    const fault = isOn ? faults.shift() : undefined
    if (fault) throw fault
    if (isOn) published.set(source, {})
    else published.delete(source)
  }
  const localParticipant = {
    getTrackPublication: (source: Track.Source) => published.get(source),
    unpublishTrack: async (track: object) => {
      for (const [source, publication] of published) if (publication.track === track) published.delete(source)
    },
    isMicrophoneEnabled: false,
    isCameraEnabled: false,
    publishTrack: async (track: { source: Track.Source }) => void published.set(track.source, { track }),
    setMicrophoneEnabled: open(Track.Source.Microphone),
    setCameraEnabled: open(Track.Source.Camera),
  }
  const room = Object.assign(new EventEmitter(), { state: 'connected', options: {}, localParticipant })
  const choice = { microphoneId: '', cameraId: '', speakerId: '', savesData: false }
  const local = new LocalMedia(room as unknown as Room, choice, () => {})
  local.prepare(choice, { microphone: true, camera: true })
  return { local, room, published, faults, opened }
}

/** A track of the check page. */
const adopted = (source: Track.Source) => ({ source, mediaStreamTrack: {}, stop: vi.fn() })

describe('a device turned off while the room is still connecting', () => {
  it('is never sent, and let go; the other one is sent', async () => {
    const { local, room, published } = setUp()
    const [microphone, camera] = [adopted(Track.Source.Microphone), adopted(Track.Source.Camera)]
    local.adopt([microphone, camera] as never)
    room.state = 'disconnected'
    await local.setMicrophone(false)
    room.state = 'connected'
    await local.restore()
    expect([...published.keys()]).toEqual([Track.Source.Camera])
    expect(microphone.stop).toHaveBeenCalled()
    expect(camera.stop).not.toHaveBeenCalled()
  })

  it('is muted as soon as it has been published, when that was under way already', async () => {
    const { local, room, opened } = setUp()
    local.adopt([adopted(Track.Source.Microphone)] as never)
    const participant = room.localParticipant
    participant.publishTrack = async () => {
      // livekit-client has nothing to mute yet.
      await local.setMicrophone(false)
      participant.isMicrophoneEnabled = true
    }
    participant.setMicrophoneEnabled = async isOn => {
      opened.push(`microphone ${isOn}`)
      participant.isMicrophoneEnabled = isOn
    }
    await local.restore()
    expect(opened.filter(what => what === 'microphone false')).toHaveLength(1)
    expect(participant.isMicrophoneEnabled).toBe(false)
  })
})

describe('a device turned off and on again while the room is still connecting', () => {
  it.each([Track.Source.Microphone, Track.Source.Camera])('is sent once: %s', async source => {
    const { local, room, published, opened } = setUp()
    local.prepare({} as never, { microphone: false, camera: false })
    const track = adopted(source)
    local.adopt([track] as never)
    room.state = 'connecting'
    const turn = (isOn: boolean) =>
      source === Track.Source.Microphone ? local.setMicrophone(isOn) : local.setCamera(isOn)
    await turn(false)
    await turn(true)
    room.state = 'connected'
    const { publishTrack } = room.localParticipant
    room.localParticipant.publishTrack = async given => {
      // Once more, while it is being published.
      await turn(false)
      await turn(true)
      await publishTrack(given)
    }
    await local.restore()
    expect(opened.filter(what => what.startsWith(source))).toEqual([])
    expect(published.get(source)).toEqual({ track })
    expect(track.stop).not.toHaveBeenCalled()
  })
})

describe('a shared screen', () => {
  /** Shares, and then loses the publication. */
  const share = async (endsWith: string) => {
    const made = setUp()
    const picture = {
      kind: 'video',
      stop: vi.fn(),
      addEventListener: vi.fn(),
      clone: () => ({ kind: 'video' }),
    }
    Object.assign(made.room.localParticipant, {
      createScreenTracks: async () => [{ mediaStreamTrack: picture }],
    })
    await made.local.startScreen()
    expect(made.local.read(false).isSharing).toBe(true)
    made.published.clear()
    made.room.emit('localTrackUnpublished', { source: Track.Source.ScreenShare })
    made.room.state = endsWith
    await new Promise(resolve => setTimeout(resolve, 1))
    return { ...made, picture }
  }

  it('goes on when livekit-client ends its connection, which it says only afterwards', async () => {
    const { local, picture } = await share('disconnected')
    expect(local.read(false).isSharing).toBe(true)
    expect(picture.stop).not.toHaveBeenCalled()
  })

  it('ends when a moderator ends it', async () => {
    const { local, picture } = await share('connected')
    expect(local.read(false).isSharing).toBe(false)
    expect(picture.stop).toHaveBeenCalled()
  })
})

describe('somebody let in twice before there was a connection', () => {
  it('sends what waited to be sent, and leaves no replaced device open', async () => {
    const { local, published } = setUp()
    const [microphone, camera, other] = [
      adopted(Track.Source.Microphone),
      adopted(Track.Source.Camera),
      adopted(Track.Source.Camera),
    ]
    local.adopt([microphone, camera] as never)
    local.adopt([])
    local.adopt([other] as never)
    await local.restore()
    expect(published.get(Track.Source.Microphone)).toEqual({ track: microphone })
    expect(published.get(Track.Source.Camera)).toEqual({ track: other })
    expect(camera.stop).toHaveBeenCalled()
    expect(microphone.stop).not.toHaveBeenCalled()
  })
})

const named = (name: string) => Object.assign(new Error(name), { name })

describe('what a healed connection has lost', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is sent again: livekit-client gave the microphone up and kept the camera', async () => {
    const { local, published, opened } = setUp()
    published.set(Track.Source.Camera, {})
    await local.reopen()
    expect(opened).toEqual(['microphone true'])
    expect(published.has(Track.Source.Microphone)).toBe(true)
  })

  it('is tried again while the device does not start', async () => {
    const { local, published, faults, opened } = setUp()
    published.set(Track.Source.Camera, {})
    faults.push(named('NotReadableError'), named('AbortError'))
    const done = local.reopen()
    await vi.advanceTimersByTimeAsync(4_000)
    await done
    expect(opened).toHaveLength(3)
    expect(published.has(Track.Source.Microphone)).toBe(true)
  })

  it('is sent on the new connection when its publication still hangs on the old one', async () => {
    const { local, published, opened } = setUp()
    const sentOver = (state: string) => ({ track: { sender: { transport: { state } } } })
    published.set(Track.Source.Microphone, sentOver('closed'))
    published.set(Track.Source.Camera, sentOver('connected'))
    await local.reopen()
    expect(opened).toEqual(['microphone true'])
    expect(published.get(Track.Source.Microphone)).toEqual({})
  })

  it('is left off when the device is forbidden, or never starts', async () => {
    const forbidden = setUp()
    forbidden.published.set(Track.Source.Camera, {})
    forbidden.faults.push(named('NotAllowedError'))
    await forbidden.local.reopen()
    await forbidden.local.reopen()
    expect(forbidden.opened).toHaveLength(1)

    const broken = setUp()
    broken.published.set(Track.Source.Camera, {})
    broken.faults.push(...Array.from({ length: 9 }, () => named('NotReadableError')))
    const done = broken.local.reopen()
    await vi.advanceTimersByTimeAsync(60_000)
    await done
    expect(broken.opened).toHaveLength(4)
    expect(broken.local.read(true)).toMatchObject({ microphone: 'off', camera: 'on' })
  })

  it('stays closed when the person closed it meanwhile, or the connection went away again', async () => {
    const closed = setUp()
    closed.published.set(Track.Source.Camera, {})
    closed.faults.push(named('NotReadableError'))
    const done = closed.local.reopen()
    await vi.advanceTimersByTimeAsync(0)
    await closed.local.setMicrophone(false)
    await vi.advanceTimersByTimeAsync(60_000)
    await done
    expect(closed.opened).toEqual(['microphone true', 'microphone false'])

    const away = setUp()
    away.room.state = 'reconnecting'
    await away.local.reopen()
    expect(away.opened).toEqual([])
  })
})
