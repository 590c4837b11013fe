import { statfs } from 'node:fs/promises'
import { figuresOf } from '@diemcau/core/metrics/figures.ts'

/** How the recorder stands just now. */
export interface RecorderReport {
  eventLoopP99Ms: number
  isReady: boolean
  /** By phase. */
  phases: Record<string, number>
  /** Recordings whose room is captured at this moment. */
  attached: number
  compositions: number
  /** Recordings that changed hands since the start, where recorders share a folder. */
  turns: { taken: number; lost: number }
  webhooks: { pending: number; aside: number }
  /** Null: the disk cannot be asked. */
  freeBytes: number | null
}

const { one, each, eventLoop } = figuresOf<RecorderReport>('diemcau_recordings')

/** All of the recorder's own names on `/metrics`. docs/metrics.md has the table. */
export const recorderFigures = [
  one('ready', '1 while recordings are taken', ({ isReady }) => Number(isReady)),
  eventLoop,
  each(
    'gauge',
    ({ phases }) => Object.entries(phases),
    { phase: ([phase]) => phase },
    'jobs',
    'Recordings by phase: starting, active, ending, and those that are over and whose files are here',
    ([, count]) => count,
  ),
  one(
    'attached',
    'Recordings whose room is captured at this moment; fewer than active: a room is away',
    r => r.attached,
  ),
  one('compositions', 'Films being composed, and those that wait for it', ({ compositions }) => compositions),
  one('taken_over', 'Recordings taken over from other recorders since the start', ({ turns }) => turns.taken),
  one(
    'lost',
    'Recordings that other recorders took over from this one since the start',
    ({ turns }) => turns.lost,
  ),
  one('free_bytes', 'Free space on the disk of recordings', ({ freeBytes }) => freeBytes ?? undefined),
  one('webhooks_pending', 'Webhook deliveries that wait', ({ webhooks }) => webhooks.pending),
  one(
    'webhooks_aside',
    'Webhooks put aside since the start, because the receiver refused them or stumbled over them: an alarm',
    ({ webhooks }) => webhooks.aside,
  ),
]

/** Bytes that this process may still write below the folder; null: the disk cannot be asked. */
export async function freeBytesOf(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    // The folder is gone, which recordings say themselves.
    return null
  }
}
