/// <reference lib="dom" />
/**
 * Runs in the browser beside page.ts: every way the stock client has to send data, and a note of all that comes.
 * `window.dataLab`; Node drives it by data-lab.ts. Call `watch` once the room is connected.
 */
import { DataPacket, MetricsBatch } from '@livekit/protocol'
import { type LocalDataTrack, type RemoteDataTrack, type Room, RoomEvent } from 'livekit-client'

export interface Heard {
  /** 'chat', 'dtmf', 'transcription', 'metrics', 'text', 'bytes', 'rpc', 'trackPublished', 'trackUnpublished', 'frame'. */
  what: string
  from: string
  text: string
}

const TOPIC = 'lab'

class DataLab {
  readonly heard: Heard[] = []
  readonly #published = new Map<string, LocalDataTrack>()
  readonly #tracks = new Map<string, RemoteDataTrack>()
  readonly #readers = new Map<string, AbortController>()

  #room(): Room {
    const { room } = window.roomClient
    if (!room) throw new Error('not connected')
    return room
  }

  watch() {
    const room = this.#room()
    const note = (what: string, from: string | undefined, text: string) =>
      this.heard.push({ what, from: from ?? '', text })
    room
      .on(RoomEvent.ChatMessage, (message, p) => note('chat', p?.identity, message.message))
      .on(RoomEvent.SipDTMFReceived, (dtmf, p) => note('dtmf', p?.identity, `${dtmf.code}/${dtmf.digit}`))
      .on(RoomEvent.TranscriptionReceived, (segments, p) =>
        note('transcription', p?.identity, segments.map(segment => segment.text).join(' ')),
      )
      .on(RoomEvent.MetricsReceived, (batch, p) => note('metrics', p?.identity, batch.strData.join()))
      .on(RoomEvent.DataTrackPublished, track => {
        this.#tracks.set(`${track.publisherIdentity}/${track.info.name}`, track)
        note('trackPublished', track.publisherIdentity, track.info.name)
      })
      .on(RoomEvent.DataTrackUnpublished, sid => note('trackUnpublished', '', sid))
    for (const participant of room.remoteParticipants.values())
      for (const [name, track] of participant.dataTracks)
        this.#tracks.set(`${participant.identity}/${name}`, track)
    room.registerTextStreamHandler(TOPIC, async (reader, { identity }) =>
      note('text', identity, await reader.readAll()),
    )
    room.registerByteStreamHandler(TOPIC, async (reader, { identity }) => {
      const chunks = await reader.readAll()
      let size = 0
      let sum = 0
      for (const chunk of chunks) {
        size += chunk.length
        for (const byte of chunk) sum = (sum * 31 + byte) >>> 0
      }
      note('bytes', identity, `${reader.info.name} ${size} ${sum}`)
    })
    room.registerRpcMethod('greet', async ({ callerIdentity, payload }) => {
      note('rpc', callerIdentity, payload.slice(0, 40))
      return `${payload.length} from ${room.localParticipant.identity}`
    })
    room.registerRpcMethod('fail', async () => {
      throw new Error('on purpose')
    })
  }

  async rpc(to: string, method: string, payload: string) {
    return await this.#room().localParticipant.performRpc({
      destinationIdentity: to,
      method,
      payload,
      responseTimeout: 20_000,
    })
  }

  async chat(text: string) {
    await this.#room().localParticipant.sendChatMessage(text)
  }
  async dtmf(code: number, digit: string) {
    await this.#room().localParticipant.publishDtmf(code, digit)
  }
  /** As the client's own telemetry would; it has no call for it. */
  async sendMetrics(text: string) {
    const value = new MetricsBatch({ timestampMs: BigInt(Date.now()), strData: [text] })
    const { engine } = this.#room() as unknown as {
      engine: { sendDataPacket(packet: DataPacket, kind: number): Promise<void> }
    }
    await engine.sendDataPacket(new DataPacket({ value: { case: 'metrics', value } }), 0)
  }
  /** On a data channel that LiveKit's clients do not have; after the first word on one of theirs, which connects it. */
  async sayOnOwnChannel(label: string, text: string) {
    const { engine } = this.#room()
    const channel = engine.pcManager?.publisher.createDataChannel(label, { ordered: true })
    if (!channel) throw new Error('not connected')
    if (channel.readyState !== 'open') await new Promise(resolve => (channel.onopen = resolve))
    channel.send(new TextEncoder().encode(text))
  }
  async sendText(text: string, to?: string[]) {
    await this.#room().localParticipant.sendText(text, {
      topic: TOPIC,
      ...(to ? { destinationIdentities: to } : {}),
    })
  }
  async streamText(parts: string[]) {
    const writer = await this.#room().localParticipant.streamText({ topic: TOPIC })
    for (const part of parts) await writer.write(part)
    await writer.close()
  }
  /** Returns what the receiver's note will say. */
  async sendFile(name: string, size: number) {
    const content = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff)
    let sum = 0
    for (const byte of content) sum = (sum * 31 + byte) >>> 0
    await this.#room().localParticipant.sendFile(new File([content], name), { topic: TOPIC })
    return `${name} ${size} ${sum}`
  }

  /** Returns the sid, or the reason of the refusal. */
  async publishTrack(name: string): Promise<string> {
    try {
      const track = await this.#room().localParticipant.publishDataTrack({ name })
      this.#published.set(name, track)
      return track.info?.sid ?? ''
    } catch (error) {
      return `refused: ${(error as { reasonName?: string }).reasonName} ${(error as Error).message}`
    }
  }
  /** False when the frame could not be sent. */
  async push(name: string, text: string, size = 0): Promise<boolean> {
    const payload = new TextEncoder().encode(text.padEnd(size, '.'))
    try {
      await this.#published.get(name)?.tryPush({ payload, userTimestamp: 42n })
      return true
    } catch {
      return false
    }
  }
  async unpublishTrack(name: string) {
    await this.#published.get(name)?.unpublish()
  }

  /** Frames of the track are noted as `frame` from now on. */
  readTrack(identity: string, name: string) {
    const key = `${identity}/${name}`
    const track = this.#tracks.get(key)
    if (!track) throw new Error(`no data track ${key}`)
    const abort = new AbortController()
    this.#readers.set(key, abort)
    const reader = track.subscribe({ signal: abort.signal, bufferSize: 500 }).getReader()
    const read = async () => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        const text = new TextDecoder().decode(value.payload)
        const [start = ''] = text.split('.')
        this.heard.push({
          what: 'frame',
          from: key,
          text: `${start} ${value.payload.length} ${value.userTimestamp}`,
        })
      }
    }
    read().catch(() => {
      // Ended by stopReading, or with the track.
    })
  }
  stopReading(identity: string, name: string) {
    this.#readers.get(`${identity}/${name}`)?.abort()
  }

  /** Reliable messages from the server are lost from now on, as if they had never come; until `stopLosing`. */
  loseReliable() {
    const channel = receivingChannel(this.#room())
    const deliver = channel.onmessage
    this.#restore = () => {
      channel.onmessage = deliver
    }
    channel.onmessage = () => {}
  }
  #restore = () => {}
  /** Nothing is lost any more as soon as the signal connection is back, before the client says what it had. */
  stopLosingOnResume() {
    this.#room().once(RoomEvent.SignalReconnecting, () => {
      const { engine } = this.#room()
      engine.once('signalResumed' as never, (() => this.#restore()) as never)
    })
  }
}

/** The channel the server sends reliable messages on; the stock client keeps it to itself. */
function receivingChannel(room: Room): RTCDataChannel {
  const { dataChannels } = room.engine as unknown as { dataChannels: { reliableSub?: RTCDataChannel } }
  if (!dataChannels.reliableSub) throw new Error('the reliable channel is not open')
  return dataChannels.reliableSub
}

declare global {
  interface Window {
    dataLab: DataLab
  }
}
window.dataLab = new DataLab()

export type { DataLab }
