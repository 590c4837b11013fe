/** Who looks at whom and listens to whom in the province's meeting. */
import type { Attendee } from './attendee.ts'
import type { Watch } from './outages.ts'

export interface Choice {
  /** Identities of halls. */
  pictures: ReadonlySet<string>
  sounds: ReadonlySet<string>
}

/**
 * What somebody takes: pictures of halls that speak, from another one on for each person; and the voices of those who speak, as many as
 * the limit, the same for all: one meeting has one floor.
 *
 * @param talkers identities of halls that speak, in order
 * @param turn number of the person
 */
export function choiceOf(
  talkers: readonly string[],
  turn: number,
  limits: { pictures: number; voices: number },
): Choice {
  const pictures = talkers.map((_, index) => talkers[(turn + index) % talkers.length]!)
  return {
    pictures: new Set(pictures.slice(0, limits.pictures)),
    sounds: new Set(talkers.slice(0, limits.voices)),
  }
}

export const wants = (choice: Choice | undefined, identity: string, kind: 'audio' | 'video'): boolean =>
  (kind === 'video' ? choice?.pictures : choice?.sounds)?.has(identity) ?? false

/** What each ought to get now; nobody its own. @param halls by identity */
export function watchesOf(
  people: readonly Attendee[],
  choices: ReadonlyMap<string, Choice>,
  halls: ReadonlyMap<string, Attendee>,
): Watch[] {
  return people.map(({ identity, coming }) => {
    const choice = choices.get(identity)
    const streams = (['video', 'audio'] as const).flatMap(kind =>
      [...((kind === 'video' ? choice?.pictures : choice?.sounds) ?? [])]
        .filter(from => from !== identity)
        .map(from => ({
          from,
          kind,
          stream: halls.get(from)?.coming?.published.find(one => one.kind === kind)?.stream,
        })),
    )
    return { identity, peer: coming?.peer, streams }
  })
}
