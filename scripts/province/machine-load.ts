/** CPU of the product's parts and of the tool itself while the meeting goes on, and whether the machine was at its end. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { idlePercent, processorTimes } from '../chaos/measure-machine.ts'
import { allProcesses, type ProcessFacts } from '../load/process-usage.ts'

const EVERY_MS = 2_000
/** Of /proc/stat. */
const TICK_MS = 10
/** Loops that are on time are late by this much at the resolution that is measured with. */
const RESOLUTION_MS = 10

export interface MachineLoad {
  /** Percent of one core, by part: node-1, its workers, portal, … */
  percent: Record<string, number>
  /** Of all that is neither the product nor the tool. */
  othersPercent: number
  /** Of all processors, percent: over all, and in the busiest stretch of two seconds. */
  idlePercent: number
  leastIdlePercent: number
  /** How late the tool's own event loop was, ms. */
  toolLateMs: { p99: number; worst: number }
}

export interface Part {
  name: string
  /** Undefined while it is being started again. */
  pid: number | undefined
}

/** The caller ends it by `stop`. */
export class LoadWatch {
  readonly #partsNow: () => Promise<Part[]>
  readonly #loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #cpuMs = new Map<string, number>()
  readonly #known = new Map<number, number>()
  readonly #startedAt = performance.now()
  readonly #firstTimes = processorTimes()
  #times = this.#firstTimes
  #leastIdle = 100
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> = Promise.resolve()

  private constructor(partsNow: () => Promise<Part[]>) {
    this.#partsNow = partsNow
  }

  /** @param partsNow which processes the parts are now; one's children count for it, media workers apart */
  static async start(partsNow: () => Promise<Part[]>): Promise<LoadWatch> {
    const watch = new LoadWatch(partsNow)
    // What they took before does not count.
    await watch.#read()
    watch.#cpuMs.clear()
    watch.#loop.enable()
    watch.#timer = setInterval(() => {
      watch.#reading = watch.#reading.then(() => watch.#read()).catch(() => {})
    }, EVERY_MS)
    return watch
  }

  async stop(): Promise<MachineLoad> {
    clearInterval(this.#timer)
    await this.#reading
    await this.#read()
    this.#loop.disable()
    const elapsedMs = performance.now() - this.#startedAt
    const busy = ({ all, idle }: ReturnType<typeof processorTimes>) => (all - idle) * TICK_MS
    const ownMs = [...this.#cpuMs.values()].reduce((sum, ms) => sum + ms, 0)
    const othersMs = Math.max(0, busy(this.#times) - busy(this.#firstTimes) - ownMs)
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
    return {
      percent: Object.fromEntries(
        [...this.#cpuMs].toSorted().map(([name, ms]) => [name, (ms / elapsedMs) * 100]),
      ),
      othersPercent: (othersMs / elapsedMs) * 100,
      idlePercent: idlePercent(this.#firstTimes, this.#times),
      leastIdlePercent: this.#leastIdle,
      toolLateMs: { p99: late(this.#loop.percentile(99)), worst: late(this.#loop.max) },
    }
  }

  async #read(): Promise<void> {
    const parts = await this.#partsNow()
    const all = allProcesses()
    for (const { pid, name, cpuMs } of ownersOf(parts, all)) {
      // One that was born since the last look has taken all of it since.
      const newMs = cpuMs - (this.#known.get(pid) ?? 0)
      this.#known.set(pid, cpuMs)
      if (newMs > 0) this.#cpuMs.set(name, (this.#cpuMs.get(name) ?? 0) + newMs)
    }
    const times = processorTimes()
    if (times.all > this.#times.all)
      this.#leastIdle = Math.min(this.#leastIdle, idlePercent(this.#times, times))
    this.#times = times
  }
}

/** Each process that belongs to a part, with the name it counts under. */
export function ownersOf(
  parts: readonly Part[],
  all: readonly ProcessFacts[],
): { pid: number; name: string; cpuMs: number }[] {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]))
  const names = new Map(parts.flatMap(({ pid, name }) => (pid === undefined ? [] : [[pid, name] as const])))
  return all.flatMap(({ pid, name, cpuMs }) => {
    // The nearest part above it; a chain has an end, at process 0.
    let above: number | undefined = pid
    while (above !== undefined && !names.has(above)) above = parents.get(above)
    const owner = above === undefined ? undefined : names.get(above)
    if (owner === undefined) return []
    return [{ pid, name: name.startsWith('mediasoup-worke') ? `${owner}, workers` : owner, cpuMs }]
  })
}
