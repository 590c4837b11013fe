/**
 * Tells what former incarnations of this node had put down and not told when they were killed: with the same ids, each person's story in one piece
 * and only if its end was not told by another heir.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import { Room as RoomMessage, WebhookEvent } from '@livekit/protocol'
import type { Log } from '../../room/base/log.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import { draftOf } from '../node/room-body.ts'
import type { OwedEnding, RoomFacts } from '../record/record-types.ts'
import { completed, endingOf, talesBySeat } from './former-story.ts'
import type { Heirs } from './heirs.ts'
import { endingStory, type MemberTale } from './story-events.ts'
import type { FormerJournal } from './story-journal.ts'

/** Whether a former incarnation is buried is looked at so often, ms. */
const LOOK_EVERY_MS = 500
/** Are put back at a time. */
const MOST_ENDINGS = 150

interface RecoverOptions {
  steps: RecordSteps
  log: Log
  heirs: Heirs
  closing: AbortSignal
}

/** Resolves when all of them are told, and their files gone. Never rejects: what could not be told is left for the next start. */
export async function recoverStories(
  formers: readonly FormerJournal[],
  options: RecoverOptions,
): Promise<void> {
  const { log, closing } = options
  for (const former of formers)
    try {
      await recover(former, options)
      former.remove()
    } catch (error) {
      if (closing.aborted) return
      if (!(error instanceof AppError && error.code === 'unavailable'))
        log.error({ err: error, node: former.inst }, 'what a killed node had put down could not be told')
    }
}

async function recover(former: FormerJournal, options: RecoverOptions): Promise<void> {
  const { inst, tales } = former
  if (tales.length === 0) return
  const { steps, log, heirs, closing } = options
  const seats = seatsOf(former, steps.now())
  for (const seat of seats)
    for (;;) {
      await untilBuried(former, steps, closing)
      // First what the record knows to be owed, with what was put down of it.
      await heirs.inherit(inst, former.aliveAtMs)
      const answer = await heirs.tell(seat.ending, seat.story)
      if (answer === 'told') break
      if (answer === 'no_room') await putBack(former, seat, seats, options)
      else await wait(LOOK_EVERY_MS, undefined, { signal: closing })
    }
  log.info({ node: inst, events: tales.length }, 'what a killed node had put down was told')
}

interface Seat {
  ending: OwedEnding
  room: RoomMessage
  story: MemberTale[]
}

function seatsOf(former: FormerJournal, nowMs: number): Seat[] {
  const atMs = former.aliveAtMs ?? nowMs
  return [...talesBySeat(former).values()].flatMap(own => {
    const [first, ...others] = own
    if (!first) return []
    const ending = endingOf(former.inst, [first, ...others])
    const { room = new RoomMessage({ sid: first.roomSid, name: first.roomName }) } = eventOf(first)
    return [{ ending, room, story: completed(own, endingStory(ending, room, atMs), atMs) }]
  })
}

/** Nobody may tell for somebody who lives. One the record does not know is as good as buried. */
async function untilBuried({ inst }: FormerJournal, steps: RecordSteps, signal: AbortSignal): Promise<void> {
  for (;;) {
    const nodes = await steps.insist(async () => {
      const { nodes, ...stamp } = await steps.record.nodes()
      return { ...stamp, outcome: 'done', value: nodes }
    }, signal)
    if (!nodes.some(node => node.inst === inst)) return
    await wait(LOOK_EVERY_MS, undefined, { signal })
  }
}

/**
 * No living node remembers the room, and the record does not either: it is put back as one that ends, and owes the endings of those who were
 * in it, so that its end comes behind theirs.
 */
async function putBack(
  { inst }: FormerJournal,
  { ending: { roomSid, roomName }, room }: Seat,
  seats: readonly Seat[],
  { steps, closing }: RecoverOptions,
): Promise<void> {
  const createdMs = Number(room.creationTimeMs) || Number(room.creationTime) * 1000
  const options = {
    name: roomName,
    emptyTimeoutS: room.emptyTimeout,
    departureTimeoutS: room.departureTimeout,
    maxParticipants: room.maxParticipants,
    metadata: room.metadata,
  }
  const facts: RoomFacts = {
    ...draftOf(roomSid, { options, createdAtMs: createdMs }),
    ...{
      createdMs,
      rev: 1,
      state: 'closing',
      closeReason: 'node_stopping',
      epoch: 0,
      isStartDelivered: false,
    },
  }
  const owed = seats.flatMap(({ ending }) => (ending.roomSid === roomSid ? [ending] : []))
  for (let i = 0; i < owed.length; i += MOST_ENDINGS)
    await steps.insist(
      call =>
        steps.record.restore({
          ...call,
          ...{ over: [], claims: [], ended: [], kept: [], revoked: [], events: [] },
          burials: [inst],
          rooms: [facts],
          owed: owed.slice(i, i + MOST_ENDINGS),
        }),
      closing,
    )
}

const eventOf = ({ draft }: MemberTale): WebhookEvent =>
  WebhookEvent.fromJsonString(draft.body, { ignoreUnknownFields: true })
