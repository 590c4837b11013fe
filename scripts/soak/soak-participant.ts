import { NativePeer } from '../../sfu/test/harness/native-peer.ts'
import type { RunningSfu } from '../../sfu/test/harness/start-sfu.ts'
import { CutProxy } from './cut-proxy.ts'
import type { Random } from './random.ts'

/** Small pictures: what is tested is the coming and going, and the machine has few cores. */
const CAMERA = { width: 160, height: 120, fps: 4 }
/** Each costs an encoder here and a decoder at everybody else. */
const CAMERAS_AT_ONCE = 4
const MICROPHONES_AT_ONCE = 6
const PAUSE_MS = { least: 300, most: 2_500 }
/** Longer than LiveKit's SDK tries to come back, so that some come back anew and some not at all. */
const OUTAGES_MS = [0, 0, 500, 3_000]

export interface SoakPlan {
  sfu: RunningSfu
  rooms: string[]
  random: Random
  /** How often each thing was done, and what failed by its message. */
  done: Map<string, number>
  failed: Map<string, number>
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

  private constructor(plan: SoakPlan, identity: string, proxy: CutProxy) {
    this.#plan = plan
    this.#identity = identity
    this.#proxy = proxy
  }

  static async create(plan: SoakPlan, identity: string): Promise<SoakParticipant> {
    return new SoakParticipant(plan, identity, await CutProxy.create(Number(new URL(plan.sfu.url).port)))
  }

  /** Acts until `signal` is aborted, then leaves. Never throws: what fails is counted. */
  async act(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#try(this.#next())
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

  #next(): Action {
    const { random } = this.#plan
    if (this.#peer === undefined || this.#peer.disconnectedBy !== undefined) return 'join'
    return random.pick(WEIGHTED)
  }

  async #try(action: Action): Promise<void> {
    const { done, failed } = this.#plan
    try {
      if (await within(this[action](), 30_000)) done.set(action, (done.get(action) ?? 0) + 1)
    } catch (error) {
      const word = `${action}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 120)
      failed.set(word, (failed.get(word) ?? 0) + 1)
      if (action === 'join') {
        this.#joins += 1
        this.#peer = undefined
      }
    }
  }

  async join(): Promise<boolean> {
    await this.leave()
    const { sfu, rooms, random } = this.#plan
    this.#proxy.isDown = false
    this.#room = random.pick(rooms)
    this.#joins += 1
    const turn = this.#joins
    const peer = await NativePeer.join(
      { wsUrl: this.#proxy.wsUrl, token: grants => sfu.token(grants) },
      { room: this.#room, identity: this.#identity, canUpdateOwnMetadata: true },
      { autoSubscribe: random.next() < 0.8 },
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
    await peer?.leave()
    return peer !== undefined
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
    await this.#peer?.room.localParticipant?.unpublishTrack(track.sid)
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
