import {
  AudioFrame,
  AudioSource,
  AudioStream,
  DataPacketKind,
  type DisconnectReason,
  LocalAudioTrack,
  LocalVideoTrack,
  type RemoteTrack,
  Room,
  RoomEvent,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoCodec,
  VideoFrame,
  VideoSource,
  VideoStream,
} from '@livekit/rtc-node'
import type { SfuAccess, TestGrants } from './sfu-access.ts'

/** Once, at the end of a process: the SDK's threads hold it otherwise. For those who do not depend on the SDK themselves. */
export { dispose as disposeNativeSdk } from '@livekit/rtc-node'

/**
 * A participant on the stock native SDK (@livekit/rtc-node): can publish a moving picture and a tone, and counts what it
 * receives. Call `leave` on each, and the SDK's `dispose()` once at the end of the test file: it holds the process otherwise.
 */

const VIDEO = { width: 320, height: 240, fps: 15 }
const AUDIO = { rate: 48_000, frameMs: 10, hz: 440 }

export interface ReceivedData {
  from: string
  text: string
  topic: string
  reliable: boolean
}

/** What came from one remote participant. */
export interface Reception {
  videoFrames: number
  videoSize: string
  /** Frames of sound heard, and those of them that were loud (root mean square over 1 % of full scale). */
  audioFrames: number
  loudFrames: number
  /** Milliseconds on this process's clock of the first decoded picture. */
  firstVideoAt: number | undefined
}

export class NativePeer {
  readonly room = new Room()
  readonly data: ReceivedData[] = []
  readonly received = new Map<string, Reception>()
  /** Pictures decoded of each track, by its sid. */
  readonly videoFramesBySid = new Map<string, number>()
  /** Set when the server or `leave` ended the connection. */
  disconnectedBy: DisconnectReason | undefined
  /** When `connect` was called and when it resolved, in milliseconds. */
  connectingAt = 0
  connectedAt = 0
  readonly #readers = new Set<ReadableStreamDefaultReader<unknown>>()
  /** What feeds each track, by the track. */
  readonly #feeds = new Map<LocalAudioTrack | LocalVideoTrack, { stop: () => Promise<void>; sid?: string }>()

  private constructor(isWatching: boolean) {
    if (isWatching)
      this.room.on(RoomEvent.TrackSubscribed, (track, _publication, participant) =>
        this.#watch(track, participant.identity),
      )
    this.room.on(RoomEvent.DataReceived, (payload, participant, kind, topic) =>
      this.data.push({
        from: participant?.identity ?? '',
        text: Buffer.from(payload).toString(),
        topic: topic ?? '',
        reliable: kind === DataPacketKind.KIND_RELIABLE,
      }),
    )
    this.room.on(RoomEvent.Disconnected, reason => {
      this.disconnectedBy = reason
    })
  }

  static async join(
    sfu: Pick<SfuAccess, 'token' | 'wsUrl'>,
    grants: TestGrants & { room: string; identity: string },
    options: {
      autoSubscribe?: boolean /** Another way to the SFU, e.g. `NetworkPath.wsUrl`. */
      url?: string
      /** False: subscribed tracks are received, but no frame of theirs comes out of the SDK, which costs much. */
      isWatching?: boolean
      /** Passphrase of end-to-end encryption, shared by all who are to understand one another. */
      key?: string
      /** Stops encoding what the server says nobody wants. */
      dynacast?: boolean
    } = {},
  ): Promise<NativePeer> {
    const peer = new NativePeer(options.isWatching ?? true)
    const token = await sfu.token(grants)
    peer.connectingAt = performance.now()
    await peer.room.connect(options.url ?? sfu.wsUrl, token, {
      autoSubscribe: options.autoSubscribe ?? true,
      dynacast: options.dynacast ?? false,
      ...(options.key ? { e2ee: { keyProviderOptions: { sharedKey: Buffer.from(options.key) } } } : {}),
    })
    peer.connectedAt = performance.now()
    return peer
  }

  /** What was received from `identity` so far; zeros when nothing. */
  from(identity: string): Reception {
    let reception = this.received.get(identity)
    if (reception === undefined) {
      reception = { videoFrames: 0, videoSize: '', audioFrames: 0, loudFrames: 0, firstVideoAt: undefined }
      this.received.set(identity, reception)
    }
    return reception
  }

  /** Publishes a camera whose picture changes with every frame; returns the track's sid. */
  async publishCamera(
    options: { width?: number; height?: number; fps?: number; codec?: VideoCodec; simulcast?: boolean } = {},
  ): Promise<string> {
    const { width, height, fps } = { ...VIDEO, ...options }
    const source = new VideoSource(width, height)
    const track = LocalVideoTrack.createVideoTrack('camera', source)
    let count = 0
    const timer = setInterval(() => source.captureFrame(movingPicture(width, height, count++)), 1000 / fps)
    return this.#publish(
      track,
      {
        source: TrackSource.SOURCE_CAMERA,
        videoCodec: options.codec ?? VideoCodec.VP8,
        simulcast: options.simulcast ?? false,
      },
      async () => clearInterval(timer),
    )
  }

  /** Publishes a microphone that hums; returns the track's sid. */
  async publishMicrophone(): Promise<string> {
    const source = new AudioSource(AUDIO.rate, 1)
    const track = LocalAudioTrack.createAudioTrack('microphone', source)
    const ending = new AbortController()
    const hummed = hum(source, ending.signal)
    return this.#publish(track, { source: TrackSource.SOURCE_MICROPHONE }, async () => {
      ending.abort()
      // A frame takes 10 ms; one that the SDK never takes must not keep anybody from leaving.
      await Promise.race([hummed, new Promise(resolve => setTimeout(resolve, 2_000).unref())])
    })
  }

  /** Ends a track of `publishCamera` or `publishMicrophone` and frees it and its source. */
  async unpublish(sid: string): Promise<void> {
    const [track, feed] = [...this.#feeds].find(([, { sid: other }]) => other === sid) ?? []
    if (track === undefined || feed === undefined) throw new Error(`no track ${sid} is published`)
    this.#feeds.delete(track)
    await feed.stop()
    try {
      await this.room.localParticipant!.unpublishTrack(sid)
    } finally {
      await track.close()
    }
  }

  async send(text: string, options: { reliable: boolean; topic?: string; to?: string[] }): Promise<void> {
    await this.room.localParticipant!.publishData(Buffer.from(text), {
      reliable: options.reliable,
      topic: options.topic,
      destination_identities: options.to,
    })
  }

  /** Safe to call twice. */
  async leave(): Promise<void> {
    const readers = [...this.#readers]
    this.#readers.clear()
    for (const reader of readers) await reader.cancel()
    const feeds = [...this.#feeds]
    this.#feeds.clear()
    for (const [, feed] of feeds) await feed.stop()
    // The tracks are freed last, and also when the SDK cannot leave: its room uses them until then.
    try {
      if (this.room.isConnected) await this.room.disconnect()
    } finally {
      for (const [track] of feeds) await track.close()
      this.room.removeAllListeners()
    }
  }

  async #publish(
    track: LocalAudioTrack | LocalVideoTrack,
    options: ConstructorParameters<typeof TrackPublishOptions>[0],
    stop: () => Promise<void>,
  ): Promise<string> {
    const feed: { stop: () => Promise<void>; sid?: string } = { stop }
    this.#feeds.set(track, feed)
    const publication = await this.room.localParticipant!.publishTrack(
      track,
      new TrackPublishOptions(options),
    )
    feed.sid = publication.sid!
    return feed.sid
  }

  #watch(track: RemoteTrack, identity: string): void {
    const reception = this.from(identity)
    if (track.kind === TrackKind.KIND_VIDEO)
      void this.#read(new VideoStream(track), ({ frame }) => {
        reception.firstVideoAt ??= performance.now()
        reception.videoFrames += 1
        const { sid = '' } = track
        this.videoFramesBySid.set(sid, (this.videoFramesBySid.get(sid) ?? 0) + 1)
        reception.videoSize = `${frame.width}x${frame.height}`
      })
    else
      void this.#read(new AudioStream(track, AUDIO.rate, 1), frame => {
        reception.audioFrames += 1
        let sum = 0
        for (const sample of frame.data) sum += sample * sample
        if (Math.sqrt(sum / frame.data.length) > 327) reception.loudFrames += 1
      })
  }

  async #read<T>(stream: ReadableStream<T>, onValue: (value: T) => void): Promise<void> {
    const reader = stream.getReader()
    this.#readers.add(reader)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onValue(value)
    }
  }
}

/** Sounds until told to end. Resolves when the source is not in use any more. */
async function hum(source: AudioSource, ending: AbortSignal): Promise<void> {
  const samples = (AUDIO.rate * AUDIO.frameMs) / 1000
  for (let at = 0; !ending.aborted; at += samples) {
    const frame = AudioFrame.create(AUDIO.rate, 1, samples)
    for (let i = 0; i < samples; i++)
      frame.data[i] = 8_000 * Math.sin((2 * Math.PI * AUDIO.hz * (at + i)) / AUDIO.rate)
    try {
      // Resolves at the pace at which sound is played.
      await source.captureFrame(frame)
    } catch {
      // The source was closed under it: there is nothing to feed any more.
      return
    }
  }
}

/** I420: a grey ramp that shifts from frame to frame. */
function movingPicture(width: number, height: number, count: number): VideoFrame {
  const luma = width * height
  const data = new Uint8Array(luma * 1.5).fill(128)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[y * width + x] = (x + y + count * 4) & 0xff
  return new VideoFrame(data, width, height, VideoBufferType.I420)
}
