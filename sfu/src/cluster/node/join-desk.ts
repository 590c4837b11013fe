/**
 * Joining a room that nodes share: the identity is claimed in the record first, then the room's members elsewhere are waited for, then it
 * is one synchronous step as on one node. A claim nobody came to use is given back.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import { newParticipantId, newRoomId, type ParticipantId, type RoomId } from '@diemcau/core/ids.ts'
import { ParticipantInfo } from '@livekit/protocol'
import type { JoinQuery, VerifiedClaims } from '../../room/base/claims.ts'
import type { Log } from '../../room/base/log.ts'
import { kindOf, permissionOf } from '../../room/base/permissions.ts'
import type { SignalLink } from '../../room/base/signal-link.ts'
import { encodeInfo } from '../../room/base/wire.ts'
import type { Participant } from '../../room/member/participant.ts'
import { isCounted } from '../../room/member/room-view.ts'
import type { Room } from '../../room/room.ts'
import type { Seat } from '../../room/room-deps.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import type { HeldWords } from '../api/held-words.ts'
import type { KeptBook } from '../api/kept-book.ts'
import { tooManyRooms } from '../api/record-rooms.ts'
import type { JoinAnswer } from '../record/record-calls.ts'
import type { Claim, KeptFacts } from '../record/record-types.ts'
import { applyKept } from './kept-facts.ts'
import type { OwnSeat, OwnSeats } from './own-seats.ts'
import type { RecordSteps } from './record-steps.ts'
import { draftOf } from './room-body.ts'
import type { SharedRooms } from './shared-rooms.ts'

/** One try of a join: the record may carry it out for so long. */
const TRY_MS = 2_000
/** How long the owner of a second connection is looked for, who has just joined at another node, and how often, ms. */
const MEET_MS = 1_000
const MEET_EVERY_MS = 20
/** After a deadline nothing comes any more, with some room for what a clock may be wrong by, ms. */
const DEADLINE_ROOM_MS = 200
/** A shorter try is not worth it, ms. */
const LEAST_TRY_MS = 100

export interface JoinDeskOptions {
  /** SessionTimes */
  joinMs: number
  registry: RoomRegistry
  steps: RecordSteps
  rooms: SharedRooms
  seats: OwnSeats
  /** What the API said of those who come back. */
  kept: KeptBook
  /** The same, as far as the record does not have it yet. */
  held: HeldWords
  log: Log
}

/** Who claims a seat, as the record is told. */
type Newcomer = Pick<OwnSeat, 'psid' | 'identity' | 'isCounted' | 'isForwarded' | 'info'>

type Claimed = Extract<JoinAnswer, { is: 'claimed' }>

export class JoinDesk {
  readonly #options: JoinDeskOptions
  /** Their claims are being asked for, or what is left of that is looked for. */
  readonly #asking = new Set<string>()

  constructor(options: JoinDeskOptions) {
    this.#options = options
  }

  /**
   * @throws AppError('unavailable') when the record is away for too long or the room closes, otherwise as RoomRegistry.join
   */
  async join(
    claims: VerifiedClaims,
    query: JoinQuery,
    link: SignalLink,
  ): Promise<{ room: Room; participant: Participant }> {
    const { registry, rooms, seats, kept, held, log } = this.#options
    if (claims.owner !== undefined) await this.#meet(claims.video.room ?? '', claims.owner)
    registry.assertAdmissible(claims)
    // Whoever could be handed on has been.
    if (rooms.givenUp.refuges(claims.video.room ?? ''))
      throw new AppError('unavailable', 'this node has given the room up to one that it does not hear')
    const newcomer = newcomerOf(claims, this.#options.steps.now())
    const { psid } = newcomer
    this.#asking.add(psid)
    const claimed = await this.#claim(claims, newcomer).catch((error: unknown) => {
      this.#asking.delete(psid)
      throw error
    })
    const { room: record, epoch } = claimed
    const seat = seatOf(newcomer, claimed, { isSecond: claims.owner !== undefined, isActive: false })
    seats.add(seat)
    this.#asking.delete(psid)
    try {
      const room = await rooms.enter(record)
      if (room.remote.epochOf(claims.identity) > epoch)
        throw new AppError('already_exists', 'the identity has joined at another node meanwhile')
      // While it was away, tokens may have been taken back, too.
      registry.assertAdmissible(claims)
      const newest = held.newest(record.sid, claims.identity, claimed.kept)
      const said = this.#withKept(claims, newest)
      const participant = room.join(said, query, link, { participantId: psid, epoch })
      kept.joined(room, participant, { epoch, kept: newest })
      return { room, participant }
    } catch (error) {
      log.info({ identity: claims.identity, roomId: record.sid }, 'a claim is given back: nobody came of it')
      this.giveBack(seat)
      throw error
    }
  }

  /** Its claim is under way. */
  isAsking(psid: string): boolean {
    return this.#asking.has(psid)
  }

  /** Claims the identity of somebody of this node who is to be shown in a room as well. @throws AppError as `join` */
  async forwarded(source: Participant, to: Room): Promise<Seat & { giveBack(): void }> {
    const seat = await this.claimFor(source, to, { isForwarded: true, isActive: true })
    return { participantId: seat.psid, epoch: seat.epoch, giveBack: () => this.giveBack(seat) }
  }

  /** Who has the claim of an identity. @throws AppError('unavailable') */
  async claimOf(sid: RoomId, identity: string): Promise<Claim | null> {
    const { steps } = this.#options
    return await steps
      .within(TRY_MS, async () => {
        const { claim, ...stamp } = await steps.record.claimOf(sid, identity)
        return stamp.era.id === steps.era && stamp.atMs >= stamp.era.openFromMs
          ? { ...stamp, outcome: 'done', value: { claim } }
          : { ...stamp, outcome: 'waiting' }
      })
      .then(({ claim }) => claim)
  }

  /** A seat in another room for somebody of this node; whoever asks gives it back. @throws AppError as `join` */
  async claimFor(
    source: Participant,
    to: Room,
    { isForwarded, isActive }: Pick<OwnSeat, 'isForwarded' | 'isActive'>,
  ): Promise<OwnSeat> {
    const { seats, steps } = this.#options
    const newcomer: Newcomer = {
      psid: newParticipantId(),
      identity: source.identity,
      isCounted: isCounted(source),
      isForwarded,
      info: Buffer.from(source.encodedInfo()).toString('base64'),
    }
    const answer = await steps.within(TRY_MS, call =>
      steps.record.join({
        ...call,
        ...newcomer,
        roomName: to.name,
        tokenFromS: null,
        epochSeen: to.remote.highestEpoch,
        draft: null,
      }),
    )
    const claimed = this.#judge(answer, newcomer)
    if (!claimed || claimed.room.sid !== to.id) throw new AppError('unavailable', 'the other room is closing')
    const seat = seatOf(newcomer, claimed, { isSecond: false, isActive })
    seats.add(seat)
    return seat
  }

  /** A seat nobody is told of any more: its claim is released where it still is its own. */
  giveBack({ roomSid, roomName, psid }: Pick<OwnSeat, 'roomSid' | 'roomName' | 'psid'>): void {
    const { steps, seats } = this.#options
    seats.remove(psid)
    steps
      .insist(call => steps.record.told({ ...call, roomSid, roomName, psid, events: [] }))
      // The node ends; its heirs find it.
      .catch(() => undefined)
  }

  /** Resolves when the owner of a second connection, who may be at any node, is known here; also when there is none to be found. */
  async #meet(roomName: string, owner: string): Promise<void> {
    const { registry, rooms, steps } = this.#options
    const until = performance.now() + MEET_MS
    for (;;) {
      const room = registry.find(roomName)
      if (room?.participants.has(owner) || room?.remote.get(owner)) return
      const { room: record } = await steps.ask(() => steps.record.roomByName(roomName))
      if (record?.state !== 'open') return
      const { claim } = await steps.ask(() => steps.record.claimOf(record.sid, owner))
      if (!claim || performance.now() >= until) return
      if (room?.id === record.sid) await wait(MEET_EVERY_MS)
      else {
        const entered = await steps.within(MEET_MS, call =>
          steps.record.enter({ ...call, roomSid: record.sid }),
        )
        if (entered?.state === 'open') await rooms.enter(entered)
      }
    }
  }

  /** What the API has said of it since its token was issued holds. */
  #withKept(claims: VerifiedClaims, kept: KeptFacts | null): VerifiedClaims {
    try {
      return applyKept(claims, kept)
    } catch (error) {
      this.#options.log.warn(
        { err: error, identity: claims.identity },
        'what was kept of somebody is not readable',
      )
      return claims
    }
  }

  async #claim(claims: VerifiedClaims, newcomer: Newcomer): Promise<Claimed> {
    const { steps, log, joinMs } = this.#options
    const until = performance.now() + joinMs
    const leftMs = () => until - performance.now() - DEADLINE_ROOM_MS
    let lastDeadlineMs: number | undefined
    for (;;) {
      // The last one, too, is over when the client is told to come again.
      const deadlineMs = steps.deadline(Math.max(LEAST_TRY_MS, Math.min(TRY_MS, leftMs())))
      const answer = await this.#ask(claims, newcomer, deadlineMs).catch((error: unknown) => {
        if (!(error instanceof AppError) || error.code !== 'unavailable') throw error
        return error
      })
      if (!(answer instanceof AppError)) {
        if (answer.outcome === 'done') {
          const claimed = this.#judge(answer.value, newcomer)
          if (claimed) return claimed
        } else await wait(100)
      } else {
        lastDeadlineMs = deadlineMs
        // A late try could take a seat in the next room of the name.
        await this.#passed(deadlineMs)
      }
      if (leftMs() > LEAST_TRY_MS && steps.ended === undefined) continue
      log.warn({ identity: claims.identity }, 'a join was given up: the shared record did not answer')
      if (lastDeadlineMs !== undefined) void this.#settle(newcomer.psid)
      throw new AppError('unavailable', 'the shared record cannot be reached just now')
    }
  }

  async #ask(claims: VerifiedClaims, newcomer: Newcomer, deadlineMs: number) {
    const { registry, steps } = this.#options
    const { video, owner } = claims
    const roomName = video.room ?? ''
    const options = registry.draftFor(claims)
    const room = registry.find(roomName)
    return await steps.once(
      call =>
        steps.record.join({
          ...call,
          ...newcomer,
          roomName,
          owner,
          tokenFromS: claims.notBeforeS,
          epochSeen: room?.remote.highestEpoch ?? 0,
          mostRooms: registry.limits.rooms,
          draft: options && draftOf(newRoomId(), { options, createdAtMs: Math.round(steps.now()) }),
        }),
      deadlineMs,
    )
  }

  /** Undefined: to be asked again. @throws AppError for what the record refuses */
  #judge(answer: JoinAnswer, { identity, psid }: Newcomer): Claimed | undefined {
    if (answer.is === 'claimed') return answer
    if (answer.is === 'lost') {
      this.giveBack({ roomSid: answer.room.sid, roomName: answer.room.name, psid })
      throw new AppError('already_exists', 'the identity has joined at another node meanwhile')
    }
    switch (answer.why) {
      case 'no_room':
        throw new AppError('not_found', 'requested room does not exist')
      case 'revoked':
        throw new AppError('permission_denied', 'the token was revoked')
      case 'full':
        throw new AppError('resource_exhausted', 'the room is full')
      case 'too_many':
        throw tooManyRooms(this.#options.registry.limits.rooms)
      case 'sid_used':
        return undefined
      case 'ended':
        throw new AppError('unavailable', `${identity} has ended before it was there`)
    }
  }

  async #passed(deadlineMs: number): Promise<void> {
    const { steps } = this.#options
    await wait(Math.min(TRY_MS, Math.max(0, deadlineMs - steps.now())) + DEADLINE_ROOM_MS)
  }

  /** What tries that were never answered have left in the record is told as ended. */
  async #settle(psid: ParticipantId): Promise<void> {
    const { steps } = this.#options
    while (steps.ended === undefined) {
      const read = await steps.ask(() => steps.record.owedOf(steps.inst, psid)).catch(() => undefined)
      if (read && read.era.id === steps.era) {
        for (const { roomSid, roomName } of read.owed) this.giveBack({ roomSid, roomName, psid })
        return
      }
      await wait(300)
    }
  }
}

const seatOf = (
  newcomer: Newcomer,
  { room, epoch }: Claimed,
  as: Pick<OwnSeat, 'isSecond' | 'isActive'>,
): OwnSeat => ({
  ...newcomer,
  ...as,
  roomSid: room.sid,
  roomName: room.name,
  epoch,
  isHeld: true,
  version: 0,
})

/** Its info is what heirs tell of it if this node dies before it has joined. */
function newcomerOf(claims: VerifiedClaims, nowMs: number): Newcomer {
  const { identity, name, metadata, attributes, owner, video } = claims
  const psid = newParticipantId()
  const kind = kindOf(claims.kind)
  const permission = permissionOf(video)
  const info = new ParticipantInfo({
    sid: psid,
    identity,
    name,
    metadata,
    attributes,
    kind,
    permission,
    joinedAt: BigInt(Math.floor(nowMs / 1000)),
    joinedAtMs: BigInt(Math.floor(nowMs)),
  })
  return {
    psid,
    identity,
    isCounted: isCounted({ owner, permission, kind }),
    isForwarded: false,
    info: Buffer.from(encodeInfo(info)).toString('base64'),
  }
}
