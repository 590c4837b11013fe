/**
 * Acts on the speaking list of a meeting, under its lock: the rules decide (core/src/floor/speaking-machine.ts), what changed is written
 * and told, and whoever gets or loses the floor by it may open a microphone or not any more. The media server follows by jobs, and right
 * after the commit by `followSpeakers`.
 */
import { isViewerIdentity } from '@diemcau/core/contracts/participant.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { FloorMode, SpeakingList, SpeakingTurn } from '@diemcau/core/floor/speaking-list.ts'
import { decide, type NewTurn, type SpeakingAct } from '@diemcau/core/floor/speaking-machine.ts'
import { newId } from '@diemcau/core/ids.ts'
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import type { Runtime } from '../runtime.ts'
import type { FloorScope } from './floor-log.ts'
import { optionsOf } from './floor-snapshot.ts'
import { applyMicrophones } from './microphone-rights.ts'
import {
  changesBetween,
  readSpeakingList,
  speakingFloorOf,
  type TurnChanges,
  writeSpeakingList,
} from './speaking-rows.ts'
import { grantVoice, syncVoiceNow, withdrawVoice } from './voter-voice.ts'

/** Whose microphone is another one's by now. */
export interface Followed {
  opened: string[]
  closed: string[]
}

/** Nobody has got or lost the floor. */
const NOBODY: Followed = { opened: [], closed: [] }

/** A wish to speak with an id of its own. */
export const newTurn = (
  { now }: FloorScope,
  turn: Pick<NewTurn, 'identity' | 'name' | 'unit'> & Partial<NewTurn>,
): NewTurn => ({
  topic: '',
  isFromHand: false,
  addedBy: '',
  ...turn,
  id: newId<string>('SP_'),
  at: now.toISOString(),
})

/**
 * Does it, or throws why not: AppError `not_found`, `floor_moved`.
 * @param by name of who pressed; @param check may refuse when the list is known
 */
export async function actOnList(
  scope: FloorScope,
  by: string,
  choose: SpeakingAct | ((list: SpeakingList) => SpeakingAct | null),
): Promise<Followed> {
  const { tx, meeting, now, emit } = scope
  const before = await readSpeakingList(tx, meeting)
  const act = typeof choose === 'function' ? choose(before) : choose
  if (!act) return NOBODY
  const outcome = decide(before, act, now.toISOString())
  if (!outcome.ok) throw new AppError(outcome.code, `the speaking list does not allow ${act.type} now`)
  const after = outcome.list
  if (after === before) return NOBODY
  const changes = changesBetween(before, after)
  await writeSpeakingList(tx, meeting, after, changes)
  for (const turn of changes.changed) emit({ type: 'speaking_turn', turn })
  for (const { id, identity } of changes.gone) emit({ type: 'speaking_turn_gone', turnId: id, identity })
  if (meeting.watchAllowed) tellPlaces(scope, before, changes)
  const floor = speakingFloorOf(after)
  if (JSON.stringify(floor) !== JSON.stringify(speakingFloorOf(before)))
    emit({ type: 'speaking_floor', floor })
  await lowerHandsOf(scope, changes)
  return await moveMicrophones(scope, by, before, after)
}

/** The order without names, for those who watch. */
function tellPlaces({ emit }: FloorScope, before: SpeakingList, { changed, gone }: TurnChanges): void {
  const waited = new Map(
    before.turns.filter(turn => turn.status === 'waiting').map(turn => [turn.id, turn.rank]),
  )
  for (const { id, status, rank } of changed) {
    const place = status === 'waiting' ? rank : null
    if ((waited.get(id) ?? null) !== place) emit({ type: 'speaking_place', turnId: id, rank: place })
  }
  for (const { id } of gone) if (waited.has(id)) emit({ type: 'speaking_place', turnId: id, rank: null })
}

/** A hand has had its answer when its wish is spoken to or taken off the list. */
async function lowerHandsOf(
  { tx, meeting, emit }: FloorScope,
  { changed, gone }: TurnChanges,
): Promise<void> {
  const answered = [...changed.filter(turn => turn.status === 'speaking'), ...gone]
  for (const { identity, isFromHand } of answered) {
    if (identity === null || !isFromHand) continue
    const { count } = await tx.raisedHandRow.deleteMany({ where: { meetingId: meeting.id, identity } })
    if (count > 0) emit({ type: 'hand_lowered', identity })
  }
}

const speakers = (list: SpeakingList): Map<string, SpeakingTurn> =>
  new Map(
    list.turns.flatMap(turn =>
      turn.status === 'speaking' && turn.identity !== null ? [[turn.identity, turn] as const] : [],
    ),
  )

async function moveMicrophones(
  scope: FloorScope,
  by: string,
  before: SpeakingList,
  after: SpeakingList,
): Promise<Followed> {
  const { tx, meeting, emit } = scope
  const had = speakers(before)
  const has = speakers(after)
  const opened = [...has.keys()].filter(identity => !had.has(identity))
  const closed = [...had.keys()].filter(identity => !has.has(identity))
  if (opened.length + closed.length === 0) return NOBODY
  const rows = await tx.meetingParticipant.findMany({
    where: { meetingId: meeting.id, identity: { in: [...opened, ...closed] } },
    select: { identity: true, role: true },
  })
  const isChairing = (identity: string) =>
    rows.some(row => row.identity === identity && isModerator(row.role as MeetingRole))
  const ofHalls = (identities: string[]) =>
    identities.filter(identity => !isViewerIdentity(identity) && !isChairing(identity))
  for (const identity of closed) if (isViewerIdentity(identity)) await withdrawVoice(scope, identity)
  for (const identity of opened)
    if (isViewerIdentity(identity)) await grantVoice(scope, has.get(identity)!, identity)
  for (const identity of ofHalls(closed)) emit({ type: 'muted_by_chair', identity, source: 'microphone', by })
  for (const identity of ofHalls(opened)) emit({ type: 'unmute_asked', identity, by })
  for (const [identities, mayUnmute] of [
    [ofHalls(closed), false],
    [ofHalls(opened), true],
  ] as const)
    if (identities.length > 0)
      await tx.meetingParticipant.updateMany({
        where: { meetingId: meeting.id, identity: { in: identities } },
        data: { mayUnmute },
      })
  if (meeting.microphonesHeld) await enqueueJob(tx, { kind: 'apply_microphones', meetingId: meeting.id })
  return {
    opened: opened.filter(identity => !isChairing(identity)),
    closed: closed.filter(identity => !isChairing(identity)),
  }
}

/**
 * Another way to lead the floor. Whoever speaks by the list speaks on; all others whom somebody once let speak ask anew. The media side
 * follows by a job.
 */
export async function setFloorMode(scope: FloorScope, by: string, mode: FloorMode): Promise<Followed> {
  const { tx, meeting, emit } = scope
  const followed = await actOnList(scope, by, { type: 'set_mode', mode })
  const keep = [...speakers(await readSpeakingList(tx, meeting)).keys()]
  await tx.meetingParticipant.updateMany({
    where: { meetingId: meeting.id, mayUnmute: true, identity: { notIn: keep } },
    data: { mayUnmute: false },
  })
  const microphonesHeld = mode !== 'free'
  if (meeting.microphonesHeld !== microphonesHeld) {
    const updated = await tx.meeting.update({ where: { id: meeting.id }, data: { microphonesHeld } })
    meeting.microphonesHeld = microphonesHeld
    emit({ type: 'options_set', options: optionsOf(updated) })
  }
  await enqueueJob(tx, { kind: 'apply_microphones', meetingId: meeting.id })
  return followed
}

/**
 * The media server learns it at once, because who loses the floor must be silent within half a second; the jobs are there for when this
 * fails.
 */
export async function followSpeakers(
  runtime: Runtime,
  meetingId: string,
  { opened, closed }: Followed,
): Promise<void> {
  if (opened.length + closed.length === 0) return runtime.wakeJobs()
  const halls = closed.filter(identity => !isViewerIdentity(identity))
  await Promise.all([
    ...[...closed, ...opened]
      .filter(isViewerIdentity)
      .map(identity => syncVoiceNow(runtime, meetingId, identity)),
    applyMicrophones(runtime, meetingId)
      // Where everybody opens their own, an ended speech closes it once.
      .then(() => Promise.all(halls.map(identity => runtime.media.mute(meetingId, identity, 'microphone'))))
      .catch(error => runtime.log.warn({ meetingId, err: error }, 'microphones not set at once')),
  ])
  runtime.wakeJobs()
}

/** Gives the floor to a viewer whose hand is up. @throws AppError `not_found` when it is not. */
export async function giveFloor(scope: FloorScope, by: string, identity: string): Promise<Followed> {
  const { tx, meeting } = scope
  const key = { meetingId: meeting.id, identity }
  const hand = await tx.raisedHandRow.findUnique({ where: { meetingId_identity: key } })
  const who = await tx.meetingParticipant.findUnique({ where: { meetingId_identity: key } })
  // Whoever takes part may speak anyway.
  if (!hand || who?.role !== 'viewer')
    throw new AppError('not_found', 'no viewer of that identity has a hand up')
  return await callPerson(scope, by, { identity, name: hand.name, unit: hand.unit, isFromHand: true })
}

/** Calls somebody who may stand on the list or not. */
export async function callPerson(
  scope: FloorScope,
  by: string,
  person: Pick<NewTurn, 'identity' | 'name' | 'unit'> & Partial<NewTurn>,
): Promise<Followed> {
  const isWish = (turn: SpeakingTurn) =>
    turn.identity === person.identity && (turn.status === 'waiting' || turn.status === 'postponed')
  const list = await readSpeakingList(scope.tx, scope.meeting)
  if (speakers(list).has(person.identity ?? '')) return NOBODY
  if (!list.turns.some(isWish)) await actOnList(scope, by, { type: 'add', turn: newTurn(scope, person) })
  return await actOnList(scope, by, ({ turns }) => {
    const wish = turns.find(isWish)
    return wish ? { type: 'call', turnId: wish.id } : null
  })
}

/** Ends the floor of this one, if they have it and (a viewer, with `awaySince`) have been away since that very time. */
export async function takeFloor(
  scope: FloorScope,
  by: string,
  identity: string,
  awaySince?: Date,
): Promise<Followed> {
  const where = { meetingId: scope.meeting.id, identity, awaySince }
  if (awaySince && (await scope.tx.floorGrant.count({ where })) === 0) return NOBODY
  const followed = await actOnList(scope, by, list => {
    const turn = speakers(list).get(identity)
    return turn ? { type: 'end', turnId: turn.id } : null
  })
  // A floor that was given before there was a list.
  return (await withdrawVoice(scope, identity)) ? { opened: [], closed: [identity] } : followed
}

/** Takes the wishes of this one off the list; `isHandOnly` leaves what a moderator put in. */
export async function withdrawWishes(
  scope: FloorScope,
  by: string,
  identity: string,
  { isHandOnly }: { isHandOnly: boolean },
): Promise<void> {
  const { turns } = await readSpeakingList(scope.tx, scope.meeting)
  for (const turn of turns)
    if (
      turn.identity === identity &&
      (turn.isFromHand || !isHandOnly) &&
      (turn.status === 'waiting' || turn.status === 'postponed')
    )
      await actOnList(scope, by, { type: 'remove', turnId: turn.id })
}

/** With the meeting: nobody speaks any more; who waits does so still when the end is taken back. */
export async function endSpeeches(scope: FloorScope, by: string): Promise<void> {
  const { turns } = await readSpeakingList(scope.tx, scope.meeting)
  for (const turn of turns)
    if (turn.status === 'speaking') await actOnList(scope, by, { type: 'end', turnId: turn.id })
}
