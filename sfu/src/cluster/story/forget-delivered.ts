/**
 * News of a delivery goes to the inbox of who wrote the event. An heir repeats events that others wrote, answers are lost, and so are hints: of these
 * it is looked for now and then whether the stream still has them.
 */
import type { RecordSteps } from '../node/record-steps.ts'
import { MOST_ENTRIES } from '../record/cluster-record.ts'
import type { ToldEvents } from './told-events.ts'

/**
 * Forgets those the record has had for `forMs` and has no more. `all`: also those whose delivery is told to this node, because such news was
 * lost. @throws AppError('unavailable')
 */
export async function forgetDelivered(
  steps: RecordSteps,
  told: ToldEvents,
  { forMs, all }: { forMs: number; all: boolean },
): Promise<void> {
  for (const [roomName, ids] of told.doubtful(forMs, all)) {
    const { era, record } = steps
    const there = new Set<string>()
    for (let after: string | undefined; ; ) {
      const entries = await record.nextEvents(roomName, MOST_ENTRIES, after)
      for (const { id } of entries) there.add(id)
      if (entries.length < MOST_ENTRIES) break
      after = entries.at(-1)!.entryId
    }
    // What was emptied before or meanwhile says nothing of them.
    const now = await steps.ask(() => record.nodes())
    if (now.era.id !== era || now.era.openFromMs > now.atMs) return
    told.delivered(ids.filter(id => !there.has(id)))
  }
}
