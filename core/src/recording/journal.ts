import { z } from 'zod'
import { capturedTrack } from '../contracts/capture.ts'
import { recordingLayout } from './status.ts'

/**
 * What the recorder saw, one JSON line each, appended as it happens; the manifest is computed from it, so that a
 * recorder killed at any moment loses at most its last line. `t` is milliseconds since the epoch on the recorder's
 * clock (not the SFU's `at`), because the arrival of RTP is measured on the same clock.
 */
export const journalEntry = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('attached'),
    t: z.number(),
    roomId: z.string(),
    tracks: z.array(capturedTrack),
  }),
  /** The recorder goes on at another node without having been away. */
  z.object({
    type: z.literal('moved'),
    t: z.number(),
    roomId: z.string(),
    tracks: z.array(capturedTrack),
  }),
  /** The connection to the SFU ended; nothing is recorded until the next `attached`. */
  z.object({ type: z.literal('detached'), t: z.number(), reason: z.string() }),
  z.object({ type: z.literal('track_published'), t: z.number(), track: capturedTrack }),
  z.object({ type: z.literal('track_unpublished'), t: z.number(), trackId: z.string() }),
  z.object({ type: z.literal('track_muted'), t: z.number(), trackId: z.string(), muted: z.boolean() }),
  z.object({ type: z.literal('track_failed'), t: z.number(), trackId: z.string(), reason: z.string() }),
  /** It is captured again after `track_failed`. */
  z.object({ type: z.literal('track_recovered'), t: z.number(), trackId: z.string() }),
  z.object({
    type: z.literal('participant_updated'),
    t: z.number(),
    participantId: z.string(),
    name: z.string(),
  }),
  z.object({ type: z.literal('speakers'), t: z.number(), participantIds: z.array(z.string()) }),
  z.object({ type: z.literal('layout'), t: z.number(), layout: recordingLayout }),
])
export type JournalEntry = z.infer<typeof journalEntry>

/** Reads a journal, leaving out what is not whole: the last line of a recorder that was killed, and a line glued to it. */
export function parseJournal(text: string): JournalEntry[] {
  const entries: JournalEntry[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      // A torn line is expected after a kill; whatever it said is lost, the rest is not.
      continue
    }
    const parsed = journalEntry.safeParse(value)
    if (parsed.success) entries.push(parsed.data)
  }
  return entries
}

/**
 * The journals of the recorders that had a recording one after the other, lowest term first, as one. A recorder's words count
 * until the next one spoke: what it wrote afterwards, because it did not know yet that it was taken for dead, is left out.
 * `endOf` is that moment for each term, ms since the epoch; infinite for the last one.
 */
export function joinTerms(terms: readonly { term: number; entries: JournalEntry[] }[]): {
  journal: JournalEntry[]
  endOf: (term: number) => number
} {
  const endOf = (term: number) =>
    Math.min(
      Number.POSITIVE_INFINITY,
      ...terms.flatMap(later => (later.term > term ? (later.entries[0]?.t ?? []) : [])),
    )
  const journal = terms.flatMap(({ term, entries }) => {
    const end = endOf(term)
    return entries.filter(({ t }) => t < end)
  })
  return { journal, endOf }
}
