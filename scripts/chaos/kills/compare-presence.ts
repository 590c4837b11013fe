/** What the portal wrote down of comings and goings against who was really there. Pure. */
import type { PresenceRow } from '@diemcau/core/attendance/compute-report.ts'
import { lengthOf, minus, type Stretch } from './spans.ts'

/**
 * Leaves are told in whole seconds, and that of a killed node's people is its last sign of life, up to a beat old: so much may be missing
 * around a connection.
 */
const SLACK_MS = 3_000

export interface PresenceCheck {
  rows: readonly PresenceRow[]
  /** By identity: when the client itself was connected, ms since the epoch; the last one may reach to `now`. */
  stays: ReadonlyMap<string, readonly Stretch[]>
  /** Who is in the room now; nobody after the end. */
  here: ReadonlySet<string>
  now: number
}

export interface PresenceFindings {
  connections: number
  /** The longest time somebody was there and the rows do not say so, ms. */
  worstHoleMs: number
  faults: string[]
}

interface Connection {
  identity: string
  joined: PresenceRow[]
  ended: PresenceRow[]
}

/** Each coming has its going, once; nobody is there twice; nobody is away who was there. */
export function checkPresence({ rows, stays, here, now }: PresenceCheck): PresenceFindings {
  const connections = connectionsOf(rows)
  const faults = [...connections].flatMap(([id, one]) => connectionFaults(id, one))
  let worstHoleMs = 0
  for (const identity of new Set([...stays.keys(), ...[...connections.values()].map(one => one.identity)])) {
    const own = [...connections.values()].filter(one => one.identity === identity)
    const open = own.filter(({ joined, ended }) => joined.length > 0 && ended.length === 0).length
    const expected = here.has(identity) ? 1 : 0
    if (open !== expected) faults.push(`presence: ${identity} has ${open} open connections, not ${expected}`)
    const spans = own.flatMap(one => spanOf(one, now)).toSorted((a, b) => a.from - b.from)
    for (const [index, span] of spans.entries()) {
      const next = spans[index + 1]
      if (next && Math.min(span.to, next.to) - next.from > SLACK_MS)
        faults.push(
          `presence: ${identity} is there twice for ${seconds(Math.min(span.to, next.to) - next.from)}`,
        )
    }
    for (const hole of minus(stays.get(identity) ?? [], spans)) {
      worstHoleMs = Math.max(worstHoleMs, lengthOf([hole]))
      if (lengthOf([hole]) > SLACK_MS)
        faults.push(
          `presence: ${identity} was there for ${seconds(lengthOf([hole]))} from ${iso(hole.from)} on, and is written down as away`,
        )
    }
  }
  return { connections: connections.size, worstHoleMs, faults }
}

function connectionsOf(rows: readonly PresenceRow[]): Map<string, Connection> {
  const connections = new Map<string, Connection>()
  for (const row of rows) {
    if (row.kind === 'room_finished' || !row.attends) continue
    const connection = connections.get(row.participantId) ?? {
      identity: row.identity,
      joined: [],
      ended: [],
    }
    connections.set(row.participantId, connection)
    if (row.kind === 'joined') connection.joined.push(row)
    else connection.ended.push(row)
  }
  return connections
}

function connectionFaults(id: string, { identity, joined, ended }: Connection): string[] {
  const who = `presence: ${identity} ${id}`
  // Given up before it had any media: nobody was there, and nothing else may be told of it.
  if (joined.length === 0 && ended.length === 1 && ended[0]!.kind === 'aborted') return []
  const faults: string[] = []
  if (joined.length !== 1) faults.push(`${who} came ${joined.length} times`)
  if (ended.length > 1) faults.push(`${who} left ${ended.length} times`)
  if (ended.some(({ kind }) => kind === 'aborted')) faults.push(`${who} was told as aborted, too`)
  return faults
}

function spanOf({ joined, ended }: Connection, now: number): Stretch[] {
  const from = joined[0]?.joinedAt ?? joined[0]?.at
  return from === undefined ? [] : [{ from, to: Math.max(from, ended[0]?.at ?? now) }]
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const iso = (ms: number): string => new Date(ms).toISOString()
