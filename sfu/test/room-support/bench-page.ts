/// <reference lib="dom" />
/** Runs in the browser beside page.ts: times of one stock client, on the page's own clock. `window.bench`. */
import { RemoteVideoTrack, Room, RoomEvent } from 'livekit-client'

/** Times from the call of `connect`, ms. */
export interface JoinTimes {
  connectMs: number
  firstFrameMs: number
}

/** Times from the loss, ms. */
export interface RecoveryTimes {
  reconnectedMs: number
  /** The first picture decoded after `Reconnected`. */
  firstFrameMs: number
}

export class Bench {
  #room = new Room()
  readonly #elements = new Map<RemoteVideoTrack, HTMLVideoElement>()

  /** Joins and waits for the first decoded picture of anybody. */
  async join(url: string, token: string): Promise<JoinTimes> {
    const room = new Room()
    this.#room = room
    const frame = this.#nextFrame()
    const startedAt = performance.now()
    await room.connect(url, token)
    const connectMs = performance.now() - startedAt
    return { connectMs, firstFrameMs: (await frame) - startedAt }
  }

  /** Loses the signalling socket (resume), or the whole session (full), and waits until all is back. */
  async recover(kind: 'resume' | 'full'): Promise<RecoveryTimes> {
    const room = this.#room
    const startedAt = performance.now()
    const reconnected = new Promise<number>(resolve =>
      room.once(RoomEvent.Reconnected, () => resolve(performance.now())),
    )
    await room.simulateScenario(kind === 'resume' ? 'signal-reconnect' : 'full-reconnect')
    const reconnectedAt = await reconnected
    return { reconnectedMs: reconnectedAt - startedAt, firstFrameMs: (await this.#nextFrame()) - startedAt }
  }

  async leave(): Promise<void> {
    await this.#room.disconnect()
  }

  /** When the next picture was decoded, of a track that is there or comes. */
  #nextFrame(): Promise<number> {
    const room = this.#room
    return new Promise(resolve => {
      const look = () => {
        for (const p of room.remoteParticipants.values())
          for (const { track } of p.videoTrackPublications.values()) {
            if (!(track instanceof RemoteVideoTrack)) continue
            const element = this.#elements.get(track) ?? (track.attach() as HTMLVideoElement)
            this.#elements.set(track, element)
            document.body.append(element)
            element.requestVideoFrameCallback(() => {
              room.off(RoomEvent.TrackSubscribed, look)
              resolve(performance.now())
            })
          }
      }
      room.on(RoomEvent.TrackSubscribed, look)
      look()
    })
  }
}

declare global {
  interface Window {
    bench: Bench
  }
}
window.bench = new Bench()
