/** What the webhooks of a room tell, judged: each joining has its leaving, once, and the room its beginning and end. Pure. */

export interface StoryEvent {
  id: string
  event: string
  roomSid: string
  /** Of the participant; empty for those of the room. */
  sid: string
  identity: string
}

/**
 * @param events of one room's name, in the order of their arrival; a repeat of an id is none
 * @returns what is wrong, one a line
 */
export function storyFaults(events: readonly StoryEvent[]): string[] {
  const seen = new Set<string>()
  const once = events.filter(({ id }) => !seen.has(id) && seen.add(id))
  return [...Map.groupBy(once, ({ roomSid }) => roomSid)].flatMap(([roomSid, told]) => [
    ...roomFaults(roomSid, told),
    ...[
      ...Map.groupBy(
        told.filter(({ sid }) => sid !== ''),
        ({ sid }) => sid,
      ),
    ].flatMap(([sid, of]) => personFaults(sid, of)),
  ])
}

function roomFaults(roomSid: string, told: readonly StoryEvent[]): string[] {
  const faults: string[] = []
  const count = (event: string) => told.filter(one => one.event === event).length
  for (const event of ['room_started', 'room_finished'])
    if (count(event) !== 1) faults.push(`${roomSid}: ${event} ${count(event)} times`)
  if (told[0]?.event !== 'room_started') faults.push(`${roomSid}: begins with ${told[0]?.event}`)
  if (told.at(-1)?.event !== 'room_finished') faults.push(`${roomSid}: ends with ${told.at(-1)?.event}`)
  return faults
}

function personFaults(sid: string, told: readonly StoryEvent[]): string[] {
  const who = `${told[0]?.identity} ${sid}`
  const at = (event: string) => told.flatMap((one, index) => (one.event === event ? [index] : []))
  const [joined, left, aborted] = [
    at('participant_joined'),
    at('participant_left'),
    at('participant_connection_aborted'),
  ]
  if (joined.length === 0 && left.length === 0 && aborted.length === 1) return []
  const faults: string[] = []
  if (joined.length !== 1) faults.push(`${who}: joined ${joined.length} times`)
  if (left.length !== 1) faults.push(`${who}: left ${left.length} times`)
  if (aborted.length > 0) faults.push(`${who}: joined, and aborted as well`)
  if (joined[0] !== undefined && joined[0] > 0) faults.push(`${who}: ${told[0]?.event} before joining`)
  if (left[0] !== undefined && left[0] < told.length - 1)
    faults.push(`${who}: ${told.at(-1)?.event} after leaving`)
  return faults
}
