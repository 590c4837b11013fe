/**
 * What a room tells its participants of one another: infos, speakers, qualities, room updates, demands. Each message is
 * encoded once, whoever it goes to. Owns the timers of the coalesced ones; the room closes it.
 */
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import {
  ConnectionQualityUpdate,
  ParticipantInfo_State,
  RoomUpdate,
  type SignalResponse,
  SpeakersChanged,
  SubscriptionPermissionUpdate,
} from '@livekit/protocol'
import type { RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { encodeInfo, encodeSignal, encodeUpdates } from '../base/wire.ts'
import type { Participant } from '../member/participant.ts'
import { isLargeRoom, type Member, type RoomView } from '../member/room-view.ts'
import { type KnownInfo, repeatOf } from '../member/signal-backlog.ts'
import { Audience } from './audience.ts'
import { QualityChanges, type QualityFacts, qualityInfoOf } from './connection-quality.ts'
import { Departed } from './departed.ts'
import { type Demand, Dynacast, qualityUpdateOf } from './dynacast.ts'
import { type InfoUpdate, ObserverUpdates } from './observer-updates.ts'
import { Speakers } from './speakers.ts'

/** Characters of the room's metadata that are told every `roomUpdateMs`. */
const METADATA_PER_COUNT = 64 * 1024
const OBSERVERS_MEASURED_AT_ONCE = 100

export class RoomBroadcast {
  readonly #room: RoomView
  readonly #limits: RoomLimits
  readonly #log: Log
  readonly #audience: Audience
  readonly #observers: ObserverUpdates
  readonly #departed: Departed
  readonly #speakers = new Speakers()
  readonly #qualities = new QualityChanges()
  readonly #shareQualities: ((changes: QualityFacts[]) => void) | undefined
  readonly #dynacast: Dynacast
  readonly #qualityTimer: NodeJS.Timeout
  #isMeasuring = false
  /** Where the next turn of observers begins. */
  #measuredObservers = 0
  #countsTimer: NodeJS.Timeout | undefined
  /** What other nodes said of their members since they were last told of. */
  readonly #nodeQualities = new Map<ParticipantId, QualityFacts>()
  #nodeQualitiesPause: NodeJS.Timeout | undefined
  #isClosed = false

  /** `shareQualities`: tells other nodes how well the media of some members here goes; undefined: there are none. */
  constructor(
    room: RoomView,
    limits: RoomLimits,
    log: Log,
    shareQualities?: ((changes: QualityFacts[]) => void) | undefined,
  ) {
    this.#shareQualities = shareQualities
    this.#room = room
    this.#limits = limits
    this.#log = log
    this.#audience = new Audience(room, limits.audienceFrom)
    this.#dynacast = new Dynacast(limits.dynacastDowngradeMs)
    this.#departed = new Departed(limits.signalSilenceMs + limits.resumeWindowMs)
    this.#observers = new ObserverUpdates(limits.observerUpdateMs, updates => this.#sendUpdates(updates))
    this.#qualityTimer = setInterval(() => {
      this.#measure().catch(error => log.warn({ err: error }, 'connection quality could not be measured'))
    }, limits.qualityIntervalMs)
  }

  /** State, speakers and so on that a new or returning participant has missed. Its list is in the join reply. */
  welcome(participant: Participant): void {
    const speakers = this.#speakers.current()
    if (speakers.length > 0)
      participant.send({ case: 'speakersChanged', value: new SpeakersChanged({ speakers }) })
    const updates = this.#qualities
      .current()
      .filter(({ participantId }) => participantId === participant.id || this.#isForAll(participantId))
      .map(qualityInfoOf)
    if (updates.length > 0)
      participant.send({ case: 'connectionQuality', value: new ConnectionQualityUpdate({ updates }) })
  }

  /**
   * Everything a client that resumes has to know of people: messages written to its old socket may never have arrived, and
   * stock native clients take whoever is not in the first update for gone. Its own info is among it: stock clients answer
   * that with what they could not say meanwhile, e.g. a mute. Those who left lately come first.
   */
  infosFor(participant: Participant): KnownInfo[] {
    const hasHeard = participant.hasHeardOfObservers
    const departed = this.#departed.list().filter(({ isForAll }) => isForAll || hasHeard)
    const present = [participant, ...this.#audience.shownTo(participant, { isResuming: true })]
    this.noteTold(participant)
    return [...departed, ...present.map(infoOf)]
  }

  /** Those a newcomer is told of by the reply to its join. */
  othersFor(participant: Participant): Member[] {
    return this.#audience.shownTo(participant)
  }

  /** `participant` gets the list of the others now: who is in it must be taken back from it later. */
  noteTold(participant: Participant): void {
    if (participant.seesAudience) participant.hasHeardOfObservers = true
    else if (!this.#audience.isUnseen())
      for (const other of this.#room.visible()) other.isKnownToObservers = true
  }

  /**
   * Tells the others of `participant`. `isPrompt` false lets it wait for company when it publishes nothing and the room
   * is large. Itself hears only when `isToSelf` (its own name or permissions were changed).
   */
  participant(participant: Member, how: { isPrompt: boolean; isToSelf?: boolean }): void {
    const own = this.#room.participants.get(participant.identity)
    if (own === participant && own.seesAudience) this.#introduceAudience(own)
    const encoded = participant.encodedInfo()
    const isLarge = isLargeRoom(this.#room, this.#limits)
    // Who was announced to all, before there was an audience or as a publisher, must be taken back from all.
    if (!participant.isObserver || !this.#audience.isUnseen()) participant.isKnownToObservers = true
    const update = { identity: participant.identity, encoded, isForAll: participant.isKnownToObservers }
    if (how.isToSelf)
      participant.backlog?.sendUpdates(encodeUpdates([encoded], this.#limits.updateChunkBytes), [update])
    if (participant.isHidden || this.#isClosed) return
    if (participant.isClosed) this.#departed.add(update)
    const isPublisher = participant.publications.published().length > 0
    if (how.isPrompt || isPublisher || !isLarge) {
      this.#observers.drop(participant.identity)
      this.#sendUpdates([update], participant)
    } else {
      this.#observers.queue(update)
    }
  }

  /** The others lose sight of `participant`, who stays: to them it has left. Its version is a new one already. */
  departure(participant: Member): void {
    const info = participant.info()
    info.state = ParticipantInfo_State.DISCONNECTED
    const update = {
      identity: participant.identity,
      encoded: encodeInfo(info),
      isForAll: participant.isKnownToObservers,
    }
    this.#departed.add(update)
    this.#observers.drop(participant.identity)
    this.#sendUpdates([update], participant)
    this.forget(participant)
    participant.isKnownToObservers = false
  }

  /** For somebody whose state changes too often: the newest state goes out with the next batch. */
  participantLater(participant: Member): void {
    if (participant.isHidden || this.#isClosed) return
    const { identity, isKnownToObservers: isForAll } = participant
    this.#observers.queue({ identity, encoded: participant.encodedInfo(), isForAll })
  }

  /** Observers are told of publishers only, so that a large audience costs each of them nothing. */
  #sendUpdates(updates: InfoUpdate[], except?: Member): void {
    const forObservers = updates.filter(update => update.isForAll)
    const encode = (some: InfoUpdate[]) =>
      encodeUpdates(
        some.map(update => update.encoded),
        this.#limits.updateChunkBytes,
      )
    const messages = encode(updates)
    const observerMessages = forObservers.length === updates.length ? messages : encode(forObservers)
    for (const receiver of this.#room.participants.values()) {
      if (receiver === except) continue
      if (receiver.hasHeardOfObservers) receiver.backlog.sendUpdates(messages, updates)
      else receiver.backlog.sendUpdates(observerMessages, forObservers)
    }
  }

  /** Who may publish now, or does publish data, is told of the audience, once: from then on it hears of all changes. */
  #introduceAudience(participant: Participant): void {
    if (participant.hasHeardOfObservers) return
    participant.hasHeardOfObservers = true
    if (!this.#audience.isUnseen()) return
    const updates = this.#room
      .visible()
      .filter(other => other.isObserver && other !== participant)
      .map(infoOf)
    const encoded = updates.map(update => update.encoded)
    participant.backlog.sendUpdates(encodeUpdates(encoded, this.#limits.updateChunkBytes), updates)
  }

  /** The room itself changed in a way that matters now: metadata, recording. */
  room(): void {
    clearTimeout(this.#countsTimer)
    this.#countsTimer = undefined
    const value = new RoomUpdate({ room: this.#room.message() })
    const message: SignalResponse['message'] = { case: 'roomUpdate', value }
    const encoded = encodeSignal(message)
    for (const receiver of this.#room.participants.values()) receiver.backlog.send(encoded, repeatOf(message))
  }

  /** The number of participants or publishers changed; told soon, once for all changes until then. */
  counts(): void {
    if (this.#isClosed) return
    // Counts go out together with the room's metadata, so they are told the less often the more metadata there is.
    const { metadata } = this.#room.options
    const times = Math.max(1, Math.ceil(metadata.length / METADATA_PER_COUNT))
    this.#countsTimer ??= setTimeout(() => this.room(), this.#limits.roomUpdateMs * times)
  }

  /** Who is heard now, loudest first. */
  heardNow(): ParticipantId[] {
    return this.#speakers.order()
  }

  /** Returns who is heard now, loudest first, or undefined when nothing changed. */
  speakers(audible: { participantId: ParticipantId; level: number }[]): ParticipantId[] | undefined {
    const speakers = this.#speakers.update(audible)
    if (speakers.length === 0) return undefined
    this.#sendTransient({ case: 'speakersChanged', value: new SpeakersChanged({ speakers }) })
    return this.#speakers.order()
  }

  #sendTransient(message: Parameters<typeof encodeSignal>[0]): void {
    const encoded = encodeSignal(message)
    for (const receiver of this.#room.participants.values()) receiver.backlog.sendTransient(encoded)
  }

  async #measure(): Promise<void> {
    // The next round of questions waits until a slow worker has answered the last one.
    if (this.#isMeasuring) return
    this.#isMeasuring = true
    try {
      const measured = await Promise.all(
        this.#toMeasure().map(async participant => {
          const quality = await participant.media?.quality().catch(() => undefined)
          return { participant, score: quality?.score ?? null }
        }),
      )
      const forAll = new ConnectionQualityUpdate()
      for (const { participant, score } of measured) {
        if (participant.isClosed) continue
        const change = this.#qualities.update(participant.id, score, participant.isMediaLost)
        if (!change) continue
        if (isQualityForAll(participant)) forAll.updates.push(change)
        else
          participant.send({
            case: 'connectionQuality',
            value: new ConnectionQualityUpdate({ updates: [change] }),
          })
      }
      if (forAll.updates.length > 0) {
        this.#sendTransient({ case: 'connectionQuality', value: forAll })
        this.#shareQualities?.(
          forAll.updates.map(({ participantSid, quality, score }) => ({
            participantId: participantSid as ParticipantId,
            quality,
            score,
          })),
        )
      }
    } finally {
      this.#isMeasuring = false
    }
  }

  /** What other nodes have measured of their members: they say it one by one; everybody is told at once, then in batches. */
  qualities(changes: QualityFacts[]): void {
    for (const change of changes) this.#nodeQualities.set(change.participantId, change)
    if (!this.#nodeQualitiesPause) this.#tellNodeQualities()
  }

  #tellNodeQualities(): void {
    const waiting = [...this.#nodeQualities.values()]
    this.#nodeQualities.clear()
    const updates = waiting
      .filter(({ participantId }) => this.#isForAll(participantId))
      .flatMap(change => this.#qualities.take(change) ?? [])
    if (updates.length === 0 || this.#isClosed) return
    this.#sendTransient({ case: 'connectionQuality', value: new ConnectionQualityUpdate({ updates }) })
    this.#nodeQualitiesPause = setTimeout(() => {
      this.#nodeQualitiesPause = undefined
      this.#tellNodeQualities()
    }, this.#limits.observerUpdateMs)
  }

  /** How well the media of those goes whom others see or hear, as they were last told. */
  knownQualities(): QualityFacts[] {
    return this.#qualities.current().filter(({ participantId }) => this.#isForAll(participantId))
  }

  #isForAll(participantId: ParticipantId): boolean {
    const member = this.#room.memberBySid(participantId)
    return member !== undefined && isQualityForAll(member)
  }

  /** Publishers every time, observers in turns: each question goes to a worker and back. */
  #toMeasure(): Participant[] {
    const isPublisher = (participant: Participant) => participant.publications.published().length > 0
    const all = [...this.#room.participants.values()]
    const observers = all.filter(participant => !isPublisher(participant))
    const start = this.#measuredObservers < observers.length ? this.#measuredObservers : 0
    this.#measuredObservers = start + OBSERVERS_MEASURED_AT_ONCE
    return [...all.filter(isPublisher), ...observers.slice(start, start + OBSERVERS_MEASURED_AT_ONCE)]
  }

  announceDemand(publisher: Participant, trackId: TrackId, demand: Demand): void {
    this.#dynacast.update(trackId, demand, settled => {
      if (!publisher.publications.get(trackId)) return
      const value = qualityUpdateOf(trackId, settled)
      this.#log.debug({ trackId, demand: settled }, 'demand told to the publisher')
      publisher.send({ case: 'subscribedQualityUpdate', value })
    })
  }

  subscriptionPermission(
    receiver: Participant,
    publisher: Member,
    trackSid: TrackId,
    allowed: boolean,
  ): void {
    receiver.send({
      case: 'subscriptionPermissionUpdate',
      value: new SubscriptionPermissionUpdate({ participantSid: publisher.id, trackSid, allowed }),
    })
  }

  forget(participant: Member): void {
    this.#speakers.remove(participant.id)
    this.#qualities.remove(participant.id)
  }

  forgetTrack(trackId: TrackId): void {
    this.#dynacast.remove(trackId)
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#qualityTimer)
    clearTimeout(this.#countsTimer)
    clearTimeout(this.#nodeQualitiesPause)
    this.#observers.close()
    this.#dynacast.close()
  }
}

/** Others see the connection quality of those whom they see or hear. */
const isQualityForAll = (participant: Member): boolean =>
  !participant.isHidden && participant.publications.published().length > 0

const infoOf = (participant: Member): KnownInfo => ({
  identity: participant.identity,
  encoded: participant.encodedInfo(),
})
