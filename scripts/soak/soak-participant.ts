import { NativePeer } from '../../testing/native-peer.ts'
import type { SfuAccess } from '../../testing/sfu-access.ts'
import { CutProxy } from './cut-proxy.ts'
import type { Random } from './random.ts'
import { add, type Tally } from './tally.ts'

/** Small pictures: what is tested is the coming and going, and the machine has few cores. */
const CAMERA = { width: 160, height: 120, fps: 4 }
/** Of one process. Each costs an encoder here and a decoder at everybody else. */
const CAMERAS_AT_ONCE = 1
const MICROPHONES_AT_ONCE = 2
const PAUSE_MS = { least: 300, most: 2_500 }
/** Longer than LiveKit's SDK tries to come back, so that some come back anew and some not at all. */
const OUTAGES_MS = [0, 0, 500, 3_000]

/** Longer for a join or a resume than a person would wait, so that only what never comes is called failed. */
const LIMIT_MS = 30_000
const LEAVE_LIMIT_MS = 10_000

/** What the visitors of one process share. */
export interface SoakPlan {
  sfu: SfuAccess
  rooms: string[]
  random: Random
  tally: Tally
  published: { camera: number; microphone: number }
}

/** Somebody who joins, does things at random and goes again, over and over, with the stock native SDK. */
export class SoakParticipant {
  readonly #plan: SoakPlan
  readonly #identity: string
  readonly #proxy: CutProxy
  #peer: NativePeer | undefined
  #room = ''
  #joins = 0
  #tracks: { kind: 'camera' | 'microphone'; sid: string }[] = []

  readonly #isWatching: boolean

  private constructor(plan: SoakPlan, identity: string, proxy: CutProxy, isWatching: boolean) {
    this.#plan = plan
    this.#isWatching = isWatching
    this.#identity = identity
    this.#proxy = proxy
  }

  /** `isWatching`: takes what is received out of the SDK frame by frame, which costs too much for all to do. */
  static async create(plan: SoakPlan, identity: string, isWatching: boolean): Promise<SoakParticipant> {
    const proxy = await CutProxy.create(Number(new URL(plan.sfu.url).port))
    return new SoakParticipant(plan, identity, proxy, isWatching)
  }

  get isInRoom(): boolean {
    return this.#peer !== undefined && this.#peer.disconnectedBy === undefined
  }

  /** Acts until `signal` is aborted, then leaves. Never throws: what fails is counted. */
  async act(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.isInRoom) await this.#try(this.#plan.random.pick(WEIGHTED))
      else await this.#try('join')
      await pause(this.#plan.random.between(PAUSE_MS.least, PAUSE_MS.most), signal)
    }
    await this.#try('leave')
    // A join that is still under way must not come through after everybody has left.
    this.#proxy.isDown = true
    this.#proxy.cut()
  }

  close(): void {
    this.#proxy.close()
  }

  async #try(action: Action): Promise<void> {
    const { done, failed, joins } = this.#plan.tally
    // Whom the server has put out still holds its tracks.
    if (action === 'join' && this.#peer !== undefined) await this.#try('leave')
    try {
      const limitMs = action === 'leave' ? LEAVE_LIMIT_MS : LIMIT_MS
      if (!(await within(this[action](), limitMs))) return
      add(done, action)
      if (action === 'join') joins.succeeded += 1
    } catch (error) {
      const word = `${action}: ${error instanceof Error ? error.message : String(error)}`
      // The native SDK prints the whole request behind the reason.
      add(failed, word.replace(/ \(FfiRequest.*/s, '').slice(0, 120))
      if (action !== 'join') return
      joins.failed += 1
      this.#joins += 1
      this.#peer = undefined
      // What is still under way must not come through and put out the next one, who has the same name.
      this.#proxy.cut()
    }
  }

  async join(): Promise<boolean> {
    const { sfu, rooms, random } = this.#plan
    this.#proxy.isDown = false
    this.#room = random.pick(rooms)
    this.#joins += 1
    const turn = this.#joins
    const peer = await NativePeer.join(
      { wsUrl: this.#proxy.wsUrl, token: grants => sfu.token(grants) },
      { room: this.#room, identity: this.#identity, canUpdateOwnMetadata: true },
      { autoSubscribe: random.next() < 0.8, isWatching: this.#isWatching },
    )
    if (turn !== this.#joins) {
      // It took so long that another try has begun.
      await peer.leave()
      return false
    }
    this.#peer = peer
    return true
  }

  async leave(): Promise<boolean> {
    const peer = this.#peer
    this.#peer = undefined
    for (const { kind } of this.#tracks) this.#plan.published[kind] -= 1
    this.#tracks = []
    if (peer === undefined) return false
    for (const reception of peer.received.values()) {
      this.#plan.tally.frames.video += reception.videoFrames
      this.#plan.tally.frames.audio += reception.audioFrames
    }
    await peer.leave()
    return true
  }

  /** Gone without a word: the server finds out by itself. */
  async vanish(): Promise<boolean> {
    this.#proxy.isDown = true
    this.#proxy.cut()
    await this.leave()
    return true
  }

  async cut(): Promise<boolean> {
    const outage = this.#plan.random.pick(OUTAGES_MS)
    this.#proxy.isDown = outage > 0
    this.#proxy.cut()
    await pause(outage)
    this.#proxy.isDown = false
    return true
  }

  async publish(): Promise<boolean> {
    const { published, random } = this.#plan
    const kind = random.pick(['camera', 'microphone'] as const)
    const most = kind === 'camera' ? CAMERAS_AT_ONCE : MICROPHONES_AT_ONCE
    const peer = this.#peer
    if (!peer || published[kind] >= most || this.#tracks.some(track => track.kind === kind)) return false
    published[kind] += 1
    try {
      const sid = kind === 'camera' ? await peer.publishCamera(CAMERA) : await peer.publishMicrophone()
      if (this.#peer === peer) this.#tracks.push({ kind, sid })
    } catch (error) {
      published[kind] -= 1
      throw error
    }
    return true
  }

  async unpublish(): Promise<boolean> {
    const track = this.#tracks.shift()
    if (track === undefined) return false
    this.#plan.published[track.kind] -= 1
    await this.#peer?.unpublish(track.sid)
    return true
  }

  async resubscribe(): Promise<boolean> {
    const publications = [...(this.#peer?.room.remoteParticipants.values() ?? [])].flatMap(participant => [
      ...participant.trackPublications.values(),
    ])
    for (const publication of publications) publication.setSubscribed(this.#plan.random.next() < 0.6)
    return publications.length > 0
  }

  /** By the chair, as the native SDK has no mute of its own. */
  async mute(): Promise<boolean> {
    const track = this.#tracks[0]
    if (track === undefined) return false
    await this.#plan.sfu.roomService().mutePublishedTrack(this.#room, this.#identity, track.sid, true)
    return true
  }

  async send(): Promise<boolean> {
    const { random } = this.#plan
    const text = 'x'.repeat(random.pick([1, 100, 1_000, 10_000]))
    await this.#peer?.send(text, { reliable: random.next() < 0.5, topic: 'soak' })
    return true
  }

  async stream(): Promise<boolean> {
    await this.#peer?.room.localParticipant?.sendText('y'.repeat(this.#plan.random.between(1, 40_000)))
    return true
  }

  async rename(): Promise<boolean> {
    await this.#peer?.room.localParticipant?.updateMetadata(`m${this.#plan.random.between(0, 1e6)}`)
    return true
  }
}

type Action =
  | 'join'
  | 'leave'
  | 'vanish'
  | 'cut'
  | 'publish'
  | 'unpublish'
  | 'resubscribe'
  | 'mute'
  | 'send'
  | 'stream'
  | 'rename'
const WEIGHTED: readonly Action[] = [
  'leave',
  'vanish',
  'cut',
  'publish',
  'publish',
  'publish',
  'unpublish',
  'resubscribe',
  'resubscribe',
  'mute',
  'send',
  'send',
  'stream',
  'rename',
]

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}

/** Rejects after `limitMs`; what it waited for goes on. */
async function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 1000} s`)), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
