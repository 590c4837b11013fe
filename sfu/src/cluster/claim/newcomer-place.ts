/** Which node serves a newcomer who has come to this one: this one, unless it is about to stop, has given the room up, or does not reach the record. */
import type { Incarnation } from '../record/record-types.ts'

/** What another node says of itself. `signal`: where it takes clients of others; '' when it does not. */
interface Other {
  isDraining: boolean
  signal: string
  load: string
}

/** The node that serves a newcomer; undefined: the one asked, also where no other is there. */
export function newcomerTo(here: {
  isDraining: boolean
  /** GivenUpRooms.refuges */
  refuges: ReadonlySet<Incarnation> | undefined
  reachesRecord: boolean
  others: ReadonlyMap<Incarnation, Other>
}): Incarnation | undefined {
  const { isDraining, refuges, reachesRecord, others } = here
  if (!isDraining && !refuges && reachesRecord) return undefined
  const welcoming = [...others].filter(([, { isDraining, signal }]) => !isDraining && signal !== '')
  // Those that are in the room first, of these the one with the fewest people.
  const isIn = (node: Incarnation) => Number(refuges?.has(node) ?? false)
  return welcoming.sort(([a, x], [b, y]) => isIn(b) - isIn(a) || peopleOf(x) - peopleOf(y))[0]?.[0]
}

/** As `load` says it. */
const peopleOf = ({ load }: Other): number => {
  try {
    return Number((JSON.parse(load) as { people?: unknown }).people) || 0
  } catch {
    return 0
  }
}
