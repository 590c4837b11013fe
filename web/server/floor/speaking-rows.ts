/** The speaking list in the database, and what of it is told to whom. */
import type { SpeakingFloor, SpeakingState } from '@diemcau/core/contracts/floor.ts'
import {
  type FloorMode,
  type LastCall,
  type SpeakingList,
  type SpeakingTurn,
  speakingTurns,
  type TurnStatus,
  waitingTurns,
} from '@diemcau/core/floor/speaking-list.ts'
import { Prisma, type Tx } from '@diemcau/prisma/client.ts'
import type { LockedMeeting } from './floor-log.ts'

type Row = Prisma.SpeakingTurnRowGetPayload<object>

const turnOf = ({ meetingId: _, ...row }: Row): SpeakingTurn => ({
  ...row,
  at: row.at.toISOString(),
  status: row.status as TurnStatus,
  startedAt: row.startedAt?.toISOString() ?? null,
  untilAt: row.untilAt?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
})

const timeOf = (text: string | null): Date | null => (text === null ? null : new Date(text))

const rowOf = (meetingId: string, turn: SpeakingTurn): Row => ({
  ...turn,
  meetingId,
  at: new Date(turn.at),
  startedAt: timeOf(turn.startedAt),
  untilAt: timeOf(turn.untilAt),
  endedAt: timeOf(turn.endedAt),
})

export async function readSpeakingList(tx: Tx, meeting: LockedMeeting): Promise<SpeakingList> {
  const rows = await tx.speakingTurnRow.findMany({
    where: { meetingId: meeting.id },
    orderBy: [{ at: 'asc' }, { id: 'asc' }],
  })
  return {
    mode: meeting.floorMode as FloorMode,
    limitS: meeting.speechLimitS,
    isUnspokenFirst: meeting.unspokenFirst,
    nextId: meeting.nextTurnId,
    // Written by `writeSpeakingList` alone.
    lastCall: meeting.lastCall as LastCall | null,
    turns: rows.map(turnOf),
  }
}

/** What a decision changed of the turns. */
export interface TurnChanges {
  changed: SpeakingTurn[]
  gone: SpeakingTurn[]
}

export function changesBetween(before: SpeakingList, after: SpeakingList): TurnChanges {
  const known = new Map(before.turns.map(turn => [turn.id, turn]))
  const ids = new Set(after.turns.map(({ id }) => id))
  return {
    changed: after.turns.filter(turn => known.get(turn.id) !== turn),
    gone: before.turns.filter(({ id }) => !ids.has(id)),
  }
}

/** Writes what changed; `meeting` then holds what its row holds. */
export async function writeSpeakingList(
  tx: Tx,
  meeting: LockedMeeting,
  list: SpeakingList,
  { changed, gone }: TurnChanges,
): Promise<void> {
  if (gone.length > 0)
    await tx.speakingTurnRow.deleteMany({ where: { id: { in: gone.map(({ id }) => id) } } })
  for (const turn of changed) {
    const row = rowOf(meeting.id, turn)
    await tx.speakingTurnRow.upsert({ where: { id: turn.id }, create: row, update: row })
  }
  const columns = {
    floorMode: list.mode,
    speechLimitS: list.limitS,
    unspokenFirst: list.isUnspokenFirst,
    nextTurnId: list.nextId,
  }
  const lastCall = list.lastCall && {
    ...list.lastCall,
    ended: [...list.lastCall.ended],
    moved: [...list.lastCall.moved],
  }
  await tx.meeting.update({
    where: { id: meeting.id },
    data: { ...columns, lastCall: lastCall ?? Prisma.DbNull },
  })
  Object.assign(meeting, columns, { lastCall })
}

const nameOf = ({ id, identity, name, unit }: SpeakingTurn) => ({ turnId: id, identity, name, unit })

/** What everybody is told: who asks to speak is among it only once they were told to be ready. */
export function speakingFloorOf(list: SpeakingList): SpeakingFloor {
  const next = list.turns.find(turn => turn.id === list.nextId)
  return {
    mode: list.mode,
    limitS: list.limitS,
    isUnspokenFirst: list.isUnspokenFirst,
    now: speakingTurns(list.turns).map(turn => ({
      ...nameOf(turn),
      topic: turn.topic,
      startedAt: turn.startedAt ?? turn.at,
      untilAt: turn.untilAt,
    })),
    next: next ? nameOf(next) : null,
    undoableId: list.lastCall?.turnId ?? null,
  }
}

/** As this reader may see it: viewers have their own wish by name, and of the others that they wait. */
export async function readSpeakingState(
  tx: Tx,
  meeting: LockedMeeting,
  reader: { identity: string; takesPart: boolean },
): Promise<SpeakingState> {
  const list = await readSpeakingList(tx, meeting)
  return {
    floor: speakingFloorOf(list),
    turns: reader.takesPart ? [...list.turns] : list.turns.filter(turn => turn.identity === reader.identity),
    places: reader.takesPart ? [] : waitingTurns(list.turns).map(({ id, rank }) => ({ turnId: id, rank })),
  }
}
