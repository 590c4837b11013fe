/**
 * What may become of a speaking list. Pure: a list and what somebody pressed give another list, or a reason why not. Several
 * moderators press at once, each by what their screen showed: a press that finds its work done changes nothing, one that is
 * overtaken is refused, and nobody falls off the list by either.
 */
import type { AppErrorCode } from '../errors.ts'
import {
  type FloorMode,
  nextTurn,
  type SpeakingList,
  type SpeakingTurn,
  speakerKey,
  speakingTurns,
} from './speaking-list.ts'
import { placeAll, placeBefore, placeNew, separate } from './speaking-order.ts'

/** Somebody who is put on the list. */
export type NewTurn = Pick<
  SpeakingTurn,
  'id' | 'identity' | 'name' | 'unit' | 'topic' | 'isFromHand' | 'addedBy' | 'at'
>

export type SpeakingAct =
  | { type: 'add'; turn: NewTurn }
  | { type: 'remove'; turnId: string }
  /** `beforeId`: who waits and comes right after it; null: to the end. */
  | { type: 'move'; turnId: string; beforeId: string | null }
  | { type: 'postpone'; turnId: string; isPostponed: boolean }
  /** `speaking`: who spoke on the screen of whoever pressed; left out where it does not matter. */
  | { type: 'call'; turnId: string; speaking?: readonly string[] }
  | { type: 'end'; turnId: string }
  | { type: 'undo_call'; turnId: string }
  | { type: 'name_next'; turnId: string | null }
  /** `seconds` more from the end of the time, or from now when it is up. */
  | { type: 'extend'; turnId: string; seconds: number }
  | { type: 'set_mode'; mode: FloorMode }
  | { type: 'set_rules'; limitS?: number; isUnspokenFirst?: boolean }

/** `list` is the very one that was given where nothing changes. */
export type Outcome =
  | { ok: true; list: SpeakingList }
  | { ok: false; code: Extract<AppErrorCode, 'not_found' | 'floor_moved'> }

const refused = (code: Extract<AppErrorCode, 'not_found' | 'floor_moved'>): Outcome => ({ ok: false, code })
const done = (list: SpeakingList): Outcome => ({ ok: true, list })

/** @param now time of the press, ISO 8601 */
export function decide(list: SpeakingList, act: SpeakingAct, now: string): Outcome {
  switch (act.type) {
    case 'add':
      return done(add(list, act.turn))
    case 'set_mode':
      return done(setMode(list, act.mode, now))
    case 'set_rules':
      return done(setRules(list, act))
    case 'name_next':
      if (act.turnId === null) return done(list.nextId === null ? list : { ...list, nextId: null })
      break
    default:
  }
  const turn = list.turns.find(one => one.id === act.turnId)
  if (!turn) return refused('not_found')
  switch (act.type) {
    case 'remove':
      // A speech is ended, not removed; what was spoken stays on the record.
      if (turn.status === 'speaking' || turn.status === 'spoken') return refused('floor_moved')
      return done(forget({ ...list, turns: list.turns.filter(one => one !== turn) }, turn.id))
    case 'move':
      if (turn.status !== 'waiting') return refused('floor_moved')
      if (act.beforeId !== null && list.turns.find(one => one.id === act.beforeId)?.status !== 'waiting')
        return refused('floor_moved')
      return done(placeBefore(list, turn, act.beforeId))
    case 'postpone':
      return postpone(list, turn, act.isPostponed)
    case 'call':
      return call(list, turn, act.speaking, now)
    case 'end':
      if (turn.status === 'spoken') return done(list)
      return turn.status === 'speaking' ? done(end(list, [turn], now)) : refused('floor_moved')
    case 'undo_call':
      return undoCall(list, turn, now)
    case 'name_next':
      if (turn.status !== 'waiting') return refused('floor_moved')
      return done(list.nextId === turn.id ? list : { ...list, nextId: turn.id })
    case 'extend':
      return turn.status === 'speaking'
        ? done(replace(list, extend(turn, act.seconds, now)))
        : refused('floor_moved')
  }
}

const replace = (list: SpeakingList, ...changed: SpeakingTurn[]): SpeakingList => ({
  ...list,
  turns: list.turns.map(turn => changed.find(one => one.id === turn.id) ?? turn),
})

/** Whoever is not waiting any more is not the next either. */
const forget = (list: SpeakingList, turnId: string): SpeakingList =>
  list.nextId === turnId ? { ...list, nextId: null } : list

function add(list: SpeakingList, fresh: NewTurn): SpeakingList {
  // One wish of one's own at a time; moderators may put in several voters who speak through one hall.
  const known = list.turns.find(
    turn =>
      (turn.status === 'waiting' || turn.status === 'postponed') &&
      turn.identity === fresh.identity &&
      turn.name === fresh.name &&
      turn.unit === fresh.unit,
  )
  if (known) {
    const topic = fresh.topic || known.topic
    const isFromHand = known.isFromHand || fresh.isFromHand
    return topic === known.topic && isFromHand === known.isFromHand
      ? list
      : replace(list, { ...known, topic, isFromHand })
  }
  const turn: SpeakingTurn = {
    ...fresh,
    status: 'waiting',
    rank: 0,
    spokenBefore: speechesOf(list.turns).get(speakerKey(fresh)) ?? 0,
    startedAt: null,
    untilAt: null,
    endedAt: null,
  }
  return placeNew({ ...list, turns: [...list.turns, turn] }, turn)
}

function postpone(list: SpeakingList, turn: SpeakingTurn, isPostponed: boolean): Outcome {
  const wanted = isPostponed ? 'postponed' : 'waiting'
  if (turn.status === wanted) return done(list)
  if (turn.status !== 'waiting' && turn.status !== 'postponed') return refused('floor_moved')
  const changed: SpeakingTurn = { ...turn, status: wanted }
  if (isPostponed) return done(forget(replace(list, changed), turn.id))
  return done(placeNew(replace(list, changed), changed))
}

const untilOf = (startedAt: string, limitS: number): string | null =>
  limitS === 0 ? null : new Date(Date.parse(startedAt) + limitS * 1000).toISOString()

function call(
  list: SpeakingList,
  turn: SpeakingTurn,
  seen: readonly string[] | undefined,
  now: string,
): Outcome {
  if (turn.status === 'speaking') return done(list)
  const speaking = speakingTurns(list.turns)
  // Somebody else has called meanwhile: whoever presses now has not seen whom this would silence.
  if (seen && list.mode === 'one' && !speaking.every(one => seen.includes(one.id)))
    return refused('floor_moved')
  const ended = list.mode === 'one' ? speaking : []
  const started: SpeakingTurn = {
    ...turn,
    status: 'speaking',
    startedAt: now,
    untilAt: untilOf(now, list.limitS),
    endedAt: null,
  }
  // Started first: whoever is called a second time for one wish has not spoken twice by it.
  const after = recount(end(forget(replace(list, started), turn.id), ended, now))
  const ranks = new Map(after.turns.map(one => [one.id, one.rank]))
  return done({
    ...after,
    // Told with the call: "mời A phát biểu, mời B chuẩn bị".
    nextId: nextTurn(after)?.id ?? null,
    lastCall: {
      turnId: turn.id,
      ended: ended.map(one => ({ turnId: one.id, untilAt: one.untilAt })),
      before: turn.status,
      moved: list.turns
        .filter(one => ranks.get(one.id) !== one.rank)
        .map(one => ({ turnId: one.id, rank: one.rank })),
      nextId: list.nextId,
    },
  })
}

/** Speeches that are over, by speaker. */
function speechesOf(turns: readonly SpeakingTurn[]): Map<string, number> {
  const speeches = new Map<string, number>()
  for (const turn of turns)
    if (turn.status === 'spoken') speeches.set(speakerKey(turn), (speeches.get(speakerKey(turn)) ?? 0) + 1)
  return speeches
}

/** Tells everyone who is still to speak, or speaks, how often they did. */
function recount(list: SpeakingList): SpeakingList {
  const speeches = speechesOf(list.turns)
  return {
    ...list,
    turns: list.turns.map(turn => {
      const spokenBefore = speeches.get(speakerKey(turn)) ?? 0
      return turn.status === 'spoken' || turn.spokenBefore === spokenBefore ? turn : { ...turn, spokenBefore }
    }),
  }
}

function end(list: SpeakingList, ended: readonly SpeakingTurn[], now: string): SpeakingList {
  if (ended.length === 0) return list
  const isEnded = (id: string | undefined) => ended.some(one => one.id === id)
  const after = recount({
    ...list,
    turns: list.turns.map(turn => (isEnded(turn.id) ? { ...turn, status: 'spoken', endedAt: now } : turn)),
    lastCall: isEnded(list.lastCall?.turnId) ? null : list.lastCall,
  })
  return list.isUnspokenFirst ? placeAll(after) : after
}

/** As if it had not been pressed: the called one waits where it stood, and who was cut off speaks on with the time that was left. */
function undoCall(list: SpeakingList, turn: SpeakingTurn, now: string): Outcome {
  const { lastCall } = list
  if (lastCall?.turnId !== turn.id || turn.status !== 'speaking') return refused('floor_moved')
  const lostMs = Math.max(0, Date.parse(now) - Date.parse(turn.startedAt ?? now))
  const turns = list.turns.map((one): SpeakingTurn => {
    if (one.id === turn.id) {
      const wasSpoken = lastCall.before === 'spoken'
      return {
        ...one,
        status: lastCall.before,
        startedAt: wasSpoken ? one.startedAt : null,
        untilAt: null,
        endedAt: wasSpoken ? now : null,
      }
    }
    const cutOff = lastCall.ended.find(({ turnId }) => turnId === one.id)
    if (cutOff && one.status === 'spoken') {
      const untilAt = cutOff.untilAt && new Date(Date.parse(cutOff.untilAt) + lostMs).toISOString()
      return { ...one, status: 'speaking', untilAt, endedAt: null }
    }
    const moved = lastCall.moved.find(({ turnId }) => turnId === one.id)
    return moved && one.status === 'waiting' ? { ...one, rank: moved.rank } : one
  })
  const isWaiting = turns.some(one => one.id === lastCall.nextId && one.status === 'waiting')
  const nextId = isWaiting ? lastCall.nextId : null
  return done(separate(recount({ ...list, turns, nextId, lastCall: null })))
}

function extend(turn: SpeakingTurn, seconds: number, now: string): SpeakingTurn {
  const from = turn.untilAt === null ? Date.parse(now) : Math.max(Date.parse(turn.untilAt), Date.parse(now))
  return { ...turn, untilAt: new Date(from + seconds * 1000).toISOString() }
}

/** To one at a time: whoever was called last keeps the floor. */
function setMode(list: SpeakingList, mode: FloorMode, now: string): SpeakingList {
  if (list.mode === mode) return list
  const others = mode === 'one' ? speakingTurns(list.turns).slice(0, -1) : []
  return { ...end(list, others, now), mode, lastCall: null }
}

function setRules(
  list: SpeakingList,
  {
    limitS = list.limitS,
    isUnspokenFirst = list.isUnspokenFirst,
  }: { limitS?: number; isUnspokenFirst?: boolean },
): SpeakingList {
  if (limitS === list.limitS && isUnspokenFirst === list.isUnspokenFirst) return list
  const after = { ...list, limitS, isUnspokenFirst }
  return isUnspokenFirst && !list.isUnspokenFirst ? placeAll(after) : after
}
