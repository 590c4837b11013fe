import { EventLoopWatch } from '@diemcau/core/process/event-loop-watch.ts'
import type { Config } from '../../config.ts'
import type { Log } from '../../room/base/log.ts'
import type { MediaNode } from '../../room/base/ports.ts'
import { Admission } from './admission.ts'

/** Long enough that a moment of work refuses nobody, ms. */
const WINDOW_MS = 5_000
/** How old what the system says of memory may be, ms. */
const MEMORY_MS = 1_000

export interface OpenAdmission {
  admission: Admission
  close(): void
}

/** `isHere`: as AdmissionDeps. The caller closes it. */
export function openAdmission(
  config: Pick<Config, 'admission' | 'workerBudget'>,
  {
    media,
    isHere,
    log,
  }: { media: Pick<MediaNode, 'use'>; isHere: (room: string, identity: string) => boolean; log: Log },
): OpenAdmission {
  const eventLoop = new EventLoopWatch(WINDOW_MS)
  let memory = { atMs: Number.NEGATIVE_INFINITY, leftBytes: 0 }
  const memoryLeft = () => {
    const atMs = performance.now()
    // Of the container's limit where there is one.
    if (atMs - memory.atMs > MEMORY_MS) memory = { atMs, leftBytes: process.availableMemory() }
    return memory.leftBytes
  }
  const admission = new Admission(
    { ...config.admission, workerBudget: config.workerBudget },
    {
      use: () => ({ ...media.use(), eventLoopMs: eventLoop.p99Ms, memoryLeftBytes: memoryLeft() }),
      isHere,
      log,
    },
  )
  return { admission, close: () => eventLoop.close() }
}
