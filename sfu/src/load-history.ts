import type { NodeReport } from '@diemcau/core/contracts/node-report.ts'
import { LOAD_SAMPLE_MS, LOAD_SAMPLES_KEPT, type LoadSample } from '@diemcau/core/contracts/nodes-report.ts'
import type { Log } from './room/base/log.ts'

interface Taken {
  atMs: number
  report: NodeReport
}

/** The load of this node over the last hour, in memory. Closed by whoever makes it. */
export class LoadHistory {
  readonly #report: () => Promise<NodeReport>
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  readonly #samples: LoadSample[] = []
  #before: Taken | undefined
  #isTaking = false

  constructor(report: () => Promise<NodeReport>, log: Log, everyMs = LOAD_SAMPLE_MS) {
    this.#report = report
    this.#log = log
    this.#timer = setInterval(() => void this.#take(), everyMs)
    this.#timer.unref()
    void this.#take()
  }

  /** The oldest first. */
  get samples(): readonly LoadSample[] {
    return this.#samples
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #take(): Promise<void> {
    if (this.#isTaking) return
    this.#isTaking = true
    try {
      const report = await this.#report()
      const now = { atMs: Date.now(), report }
      if (this.#before && now.atMs > this.#before.atMs) this.#samples.push(loadBetween(this.#before, now))
      if (this.#samples.length > LOAD_SAMPLES_KEPT) this.#samples.shift()
      this.#before = now
    } catch (error) {
      this.#log.warn({ err: error }, 'a sample of the load is missing')
    } finally {
      this.#isTaking = false
    }
  }
}

/** Counts that fell had begun anew: nothing is said of that time. */
export function loadBetween(before: Taken, after: Taken): LoadSample {
  const ms = after.atMs - before.atMs
  const cpuBefore = new Map(before.report.workers.map(({ pid, cpuMs }) => [pid, cpuMs]))
  const grown = (of: 'sentBytes' | 'receivedBytes') => {
    const was = new Map(before.report.pipes.map(pipes => [pipes.node, pipes[of]]))
    const bytes = after.report.pipes.reduce(
      (sum, pipes) => sum + Math.max(0, pipes[of] - (was.get(pipes.node) ?? 0)),
      0,
    )
    return Math.round((bytes / ms) * 1000)
  }
  return {
    atMs: after.atMs,
    cpu: thousandths(Math.max(0, after.report.cpuMs - before.report.cpuMs) / ms),
    workers: after.report.workers.map(({ index, pid, cpuMs }) => {
      const was = cpuBefore.get(pid)
      const isKnown = cpuMs !== null && was !== undefined && was !== null && cpuMs >= was
      return { index, cpu: isKnown ? thousandths((cpuMs - was) / ms) : null }
    }),
    eventLoopP99Ms: Math.round(after.report.eventLoopP99Ms * 10) / 10,
    people: after.report.people,
    pipesSent: grown('sentBytes'),
    pipesReceived: grown('receivedBytes'),
  }
}

const thousandths = (value: number): number => Math.round(value * 1000) / 1000
