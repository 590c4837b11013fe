import type { VideoQuality } from '@livekit/protocol'
import type { PeerStats, RtcClients } from '../worker/rtc-clients.mjs'
import { accessToken } from './access-token.ts'
import { LAYERS } from './load-media.ts'
import { LoadParticipant, type PublishedStream } from './load-participant.ts'
import { type ParticipantReport, type Presence, participantReport, sum } from './participant-report.ts'
import { CpuTimes } from './process-usage.ts'

export interface MeetingOptions {
  /** http(s) or ws(s) address of any LiveKit server. */
  url: string
  apiKey: string
  apiSecret: string
  room: string
  /** Layers of a published picture, 1 to 3. */
  layers: number
  /** The layer that everybody asks for, 0 is the lowest. */
  shownLayer: number
  /** Where viewers join, when it is another node of the cluster. */
  viewersUrl?: string
  /** What viewers subscribe to; default: everything. */
  wants?: (identity: string, kind: PublishedStream['kind']) => boolean
  /** Publishers subscribe to nothing. */
  publishersOnlySend?: boolean
}

interface Member extends Omit<Presence, 'wanted' | 'heldBack'> {
  participant: LoadParticipant
}

/** A moment of the meeting: between two of them is a measurement. */
export interface Moment {
  at: number
  cpu: CpuTimes
  /** By id. */
  peers: Map<number, PeerStats>
}

const JOINS_AT_ONCE = 8
/** The statistics of a thousand people are work too. */
const POLL_MS = 400

/**
 * Publishers and viewers of one room. What goes wrong on the way is in `faults`. The caller closes it and the media clients,
 * which need loadMedia() before.
 */
export class LoadMeeting {
  /** One line for each thing that went wrong. */
  readonly faults: string[] = []
  readonly #clients: RtcClients
  readonly #options: MeetingOptions
  readonly #publishers: Member[] = []
  readonly #viewers: Member[] = []
  readonly #newcomers: Member[] = []
  #peers = 0
  #isClosing = false

  constructor(clients: RtcClients, options: MeetingOptions) {
    this.#clients = clients
    this.#options = options
    clients.on('failed', (peer: number, reason: string) => this.#fault(`peer ${peer} failed: ${reason}`))
  }

  /** @throws Error when one cannot join or publish */
  async publish(count: number): Promise<void> {
    for (let from = 0; from < count; from += JOINS_AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(JOINS_AT_ONCE, count - from) }, async (_, index) => {
          const number = from + index
          const member = await this.#join(`publisher-${number}`, true)
          this.#publishers.push(member)
          await member.participant.publishRecorded(1 + number * 2, this.#options.layers)
        }),
      )
  }

  /** Viewers, eight at a time. @throws Error when one cannot join */
  async view(count: number): Promise<void> {
    for (let from = 0; from < count; from += JOINS_AT_ONCE) {
      const size = Math.min(JOINS_AT_ONCE, count - from)
      const joined = Array.from({ length: size }, (_, index) => this.#join(`viewer-${from + index}`, false))
      this.#viewers.push(...(await Promise.all(joined)))
    }
  }

  /**
   * Newcomers who watch, so many a second however long each one takes. Who cannot join is a fault.
   *
   * @returns once all are in or out: when the first one began, milliseconds since 1970
   */
  async storm(count: number, perSecond: number): Promise<number> {
    const startedAt = Date.now()
    const started = performance.now()
    const joining: Promise<void>[] = []
    for (let number = 0; number < count; number++) {
      const waitMs = started + (number / perSecond) * 1000 - performance.now()
      if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
      joining.push(
        this.#join(`newcomer-${number}`, false).then(
          member => void this.#newcomers.push(member),
          error => this.#fault((error as Error).message),
        ),
      )
    }
    await Promise.all(joining)
    return startedAt
  }

  /** The first so many publishers of a list that is turned by `offset` are heard, the others are silent. */
  talk(count: number, offset = 0): void {
    for (const [index, { participant }] of this.#publishers.entries())
      participant.talk(
        (index + this.#publishers.length - (offset % this.#publishers.length)) % this.#publishers.length <
          count,
      )
  }

  /** Waits until everybody gets everything. @returns what is lacking after the limit, a line each */
  async whenComplete(limitMs: number): Promise<string[]> {
    const deadline = performance.now() + limitMs
    for (;;) {
      const lacking = this.#lacking((await this.moment()).peers)
      if (lacking.length === 0 || performance.now() > deadline) return lacking
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  /**
   * Waits until the server holds back no stream for want of bandwidth: its estimates begin low, and fall when the receiving machine is too busy to
   * take packets in time.
   *
   * @returns how many it still holds back after the limit
   */
  async whenNoneHeldBack(limitMs: number): Promise<number> {
    const deadline = performance.now() + limitMs
    for (;;) {
      const held = sum(this.#all.map(({ participant }) => participant.heldBackNow))
      if (held === 0 || performance.now() > deadline) return held
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  /** Gaps and freezes count from now on. */
  startWindow(): void {
    this.#clients.window()
    for (const { participant } of this.#all) participant.startWindow()
  }

  /** Lets so much time pass, with gaps and freezes counted from its beginning. */
  async window(seconds: number): Promise<[before: Moment, after: Moment]> {
    this.startWindow()
    const before = await this.moment()
    await new Promise(resolve => setTimeout(resolve, seconds * 1000))
    return [before, await this.moment()]
  }

  async moment(): Promise<Moment> {
    const { peers } = await this.#clients.stats()
    const cpu = CpuTimes.now(this.#options.url, this.#clients.pid)
    return { at: performance.now(), cpu, peers: new Map(peers.map(peer => [peer.id, peer])) }
  }

  /** How everybody fared between two moments. */
  reports(
    before: Moment,
    after: Moment,
  ): Record<'publishers' | 'viewers' | 'newcomers', ParticipantReport[]> {
    const of = (members: Member[]) =>
      members.map(member => {
        const streams = this.#wantedBy(member)
        const held = streams.filter(({ trackId }) => member.participant.heldBack.has(trackId))
        return participantReport(
          {
            ...member,
            wanted: streams.map(({ stream }) => stream),
            heldBack: held.map(({ stream }) => stream),
          },
          before.peers.get(member.peer),
          after.peers.get(member.peer),
        )
      })
    return { publishers: of(this.#publishers), viewers: of(this.#viewers), newcomers: of(this.#newcomers) }
  }

  close(): void {
    this.#isClosing = true
    for (const { participant } of this.#all) participant.close()
  }

  async #join(identity: string, canPublish: boolean): Promise<Member> {
    const { room, apiKey, apiSecret, url, shownLayer, viewersUrl } = this.#options
    const wants = this.#wantsOf(canPublish)
    const peer = this.#peers
    // Its two connections.
    this.#peers += 2
    const { width, height } = LAYERS[shownLayer] ?? LAYERS[0]
    const shown = { width, height, quality: shownLayer as VideoQuality }
    const token = await accessToken(apiKey, apiSecret, identity, { room, canPublish, canSubscribe: true })
    const startedAt = Date.now()
    const participant = await LoadParticipant.join({
      url: canPublish ? url : (viewersUrl ?? url),
      token,
      identity,
      clients: this.#clients,
      peer,
      shown,
      ...(wants ? { wants } : {}),
    })
    participant.on('broken', (error: Error) => this.#fault(error.message))
    return { identity, peer, startedAt, connectedAt: Date.now(), participant }
  }

  get #all(): Member[] {
    return [...this.#publishers, ...this.#viewers, ...this.#newcomers]
  }

  /** Undefined: everything. */
  #wantsOf(isPublisher: boolean): MeetingOptions['wants'] {
    const { wants, publishersOnlySend } = this.#options
    return isPublisher ? (publishersOnlySend ? () => false : undefined) : wants
  }

  #wantedBy(member: Member) {
    const wants = this.#wantsOf(this.#publishers.includes(member))
    return this.#publishers
      .filter(other => other !== member)
      .flatMap(({ identity, participant }) =>
        participant.published
          .filter(({ kind }) => wants?.(identity, kind) ?? true)
          .map(published => ({ ...published, identity })),
      )
  }

  #lacking(peers: Moment['peers']): string[] {
    return this.#all.flatMap(member => {
      const flows = new Set(peers.get(member.peer)?.flows.map(({ stream }) => stream))
      const { offered } = member.participant
      return this.#wantedBy(member)
        .filter(({ stream }) => !flows.has(stream))
        .map(
          ({ identity, kind, trackId }) =>
            `${member.identity} lacks ${identity}'s ${kind}${offered.has(trackId) ? '' : ', which was not offered'}`,
        )
    })
  }

  #fault(line: string): void {
    if (!this.#isClosing) this.faults.push(line)
  }
}
