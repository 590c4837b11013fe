/**
 * Work done at least once, outside the transaction that asked for it. A job is leased to the portal that runs it, which renews the
 * lease while it is at it; when its process dies the lease lapses and another takes it, so that every handler must bear being run
 * twice.
 */
import { newId } from '@diemcau/core/ids.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { z } from 'zod'
import type { Runtime } from '../runtime.ts'

export const jobSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('send_mail'), mailId: z.string() }),
  z.object({ kind: z.literal('remove_participant'), meetingId: z.string(), identity: z.string() }),
  /** What a viewer may send follows the table of grants. */
  z.object({ kind: z.literal('sync_voice'), meetingId: z.string(), identity: z.string() }),
  /** Exactly one of the three: whose places in meetings may have ended. */
  z.object({
    kind: z.literal('judge_places'),
    userId: z.string().optional(),
    meetingId: z.string().optional(),
    hallId: z.string().optional(),
  }),
  /** Somebody came: the recording that is planned may be due. */
  z.object({ kind: z.literal('record_as_planned'), meetingId: z.string() }),
  z.object({ kind: z.literal('stop_recording'), recordingId: z.string() }),
  /** A capture nobody asked for (any more). */
  z.object({ kind: z.literal('stop_egress'), meetingId: z.string(), egressId: z.string() }),
  z.object({ kind: z.literal('close_room'), meetingId: z.string() }),
  z.object({ kind: z.literal('apply_microphones'), meetingId: z.string() }),
  z.object({ kind: z.literal('delete_recording_file'), location: z.string(), meetingId: z.string() }),
])
export type JobPayload = z.infer<typeof jobSchema>
/** Mails wait for a slow mail server by themselves: nobody is put out of a room later because of them. */
export type JobLane = 'mails' | 'others'
export type JobHandler = (runtime: Runtime, payload: JobPayload) => Promise<void>

const LEASE_MS = 12_000
const RENEW_MS = 3_000
const MAX_ATTEMPTS = 12
/** Tried until it has happened: somebody was told that these files are gone. */
const NEVER_GIVEN_UP = 'delete_recording_file'
const POLL_MS = 1_000

export async function enqueueJob(tx: Tx, payload: JobPayload, runAt = new Date()): Promise<void> {
  await tx.job.create({ data: { id: newId('JB_'), kind: payload.kind, payload, runAt } })
}

/** Doubles from one second to five minutes. */
export const backoffMs = (attempts: number): number => Math.min(1000 * 2 ** (attempts - 1), 300_000)

/** Takes one due job (of one lane, or of any) and runs it; false when there is none. Leases go by the database's clock. */
export async function runNextJob(runtime: Runtime, handle: JobHandler, lane?: JobLane): Promise<boolean> {
  const now = new Date()
  const [mails, others] = [lane !== 'others', lane !== 'mails']
  const [job] = await runtime.db.$queryRaw<
    { id: string; kind: string; payload: unknown; attempts: number }[]
  >`
    UPDATE "job" SET "lockedUntil" = now() + ${LEASE_MS}::int * interval '1 millisecond', "attempts" = "attempts" + 1
    WHERE "id" = (
      SELECT "id" FROM "job"
      WHERE "status" = 'queued' AND "runAt" <= ${now} AND ("lockedUntil" IS NULL OR "lockedUntil" < now())
        AND CASE WHEN "kind" = 'send_mail' THEN ${mails}::boolean ELSE ${others}::boolean END
      ORDER BY "runAt", "id" LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING "id", "kind", "payload", "attempts"`
  if (!job) return false
  // Taken by another meanwhile it has one attempt more, and is theirs to finish.
  const own = { id: job.id, status: 'queued', attempts: job.attempts }
  const stopRenewing = renewLease(runtime, own)
  try {
    await handle(runtime, jobSchema.parse(job.payload))
    await runtime.db.job.updateMany({
      where: own,
      data: { status: 'done', finishedAt: new Date(), lockedUntil: null, lastError: null },
    })
  } catch (error) {
    const isFinal = job.attempts >= MAX_ATTEMPTS && job.kind !== NEVER_GIVEN_UP
    runtime.log[isFinal ? 'error' : 'warn'](
      { jobId: job.id, attempts: job.attempts, err: error },
      'job failed',
    )
    await runtime.db.job.updateMany({
      where: own,
      data: {
        status: isFinal ? 'failed' : 'queued',
        lockedUntil: null,
        runAt: new Date(Date.now() + backoffMs(job.attempts)),
        lastError: error instanceof Error ? error.message : String(error),
      },
    })
  } finally {
    stopRenewing()
  }
  return true
}

function renewLease({ db, log }: Runtime, own: { id: string; attempts: number }): () => void {
  const timer = setInterval(() => {
    db.$executeRaw`
      UPDATE "job" SET "lockedUntil" = now() + ${LEASE_MS}::int * interval '1 millisecond'
      WHERE "id" = ${own.id} AND "status" = 'queued' AND "attempts" = ${own.attempts}`.catch(error =>
      log.warn({ jobId: own.id, err: error }, 'lease of a job not renewed'),
    )
  }, RENEW_MS)
  return () => clearInterval(timer)
}

/** Looks for work every second and when woken. `close` waits for the job under way. */
export class JobRunner {
  readonly #runtime: Runtime
  readonly #handle: JobHandler
  readonly #lane: JobLane | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: Promise<void> | null = null
  #isWoken = false
  #isClosed = false

  constructor(runtime: Runtime, handle: JobHandler, lane?: JobLane) {
    this.#runtime = runtime
    this.#handle = handle
    this.#lane = lane
  }

  wake(): void {
    if (this.#isClosed) return
    this.#isWoken = true
    this.#running ??= this.#drain().finally(() => {
      this.#running = null
      if (this.#isWoken) this.wake()
      else this.#schedule()
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.wake(), POLL_MS)
  }

  async #drain(): Promise<void> {
    this.#isWoken = false
    clearTimeout(this.#timer)
    try {
      while (!this.#isClosed && (await runNextJob(this.#runtime, this.#handle, this.#lane))) {
        // Each turn takes one job.
      }
    } catch (error) {
      // The database is away for a moment; the next turn tries again.
      this.#runtime.log.warn({ err: error }, 'jobs could not be read')
    }
  }
}
