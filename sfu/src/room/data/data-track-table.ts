/** The data tracks of a room, wherever they are published, and the names they have in packets to subscribers here. */
import type { DataTrackInfo } from '@livekit/protocol'
import type { Participant } from '../member/participant.ts'
import type { Member } from '../member/room-view.ts'
import { type FramePace, MAX_HANDLE } from './data-track-packet.ts'

export interface DataTrackViewer {
  isAllowed: boolean
  /** Frames a second that were asked for; undefined: all. */
  targetFps: number | undefined
  pace: FramePace
}

export interface DataTrack {
  readonly info: DataTrackInfo
  readonly publisher: Member
  /** Names the track in packets to subscribers; each node has its own. */
  readonly handle: number
  /** Those who asked for it. */
  readonly viewers: Map<Participant, DataTrackViewer>
}

export class DataTrackTable {
  readonly #bySid = new Map<string, DataTrack>()
  readonly #handles = new Set<number>()
  #lastHandle = 0

  /** No further track can be named. */
  get isFull(): boolean {
    return this.#handles.size >= MAX_HANDLE
  }
  get(sid: string): DataTrack | undefined {
    return this.#bySid.get(sid)
  }
  all(): Iterable<DataTrack> {
    return this.#bySid.values()
  }

  /** The sid is none that is here, and the table not full. */
  add(info: DataTrackInfo, publisher: Member): DataTrack {
    const track: DataTrack = { info, publisher, handle: this.#newHandle(), viewers: new Map() }
    this.#bySid.set(info.sid, track)
    return track
  }

  remove(track: DataTrack): void {
    this.#bySid.delete(track.info.sid)
    this.#handles.delete(track.handle)
  }

  /** Handles are counted upwards, so that late packets of a track that ended are not taken for those of a new track. */
  #newHandle(): number {
    do this.#lastHandle = (this.#lastHandle % MAX_HANDLE) + 1
    while (this.#handles.has(this.#lastHandle))
    this.#handles.add(this.#lastHandle)
    return this.#lastHandle
  }
}
