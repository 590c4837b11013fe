/** What the machine itself does while a fault lasts: standstills that no program beside it could help, and how idle its processors were. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export interface MachineWindow {
  /** A process with nothing to do but wake up every 5 ms, of the highest priority (where that is allowed), was late by so much at worst, ms: the machine stood still. */
  stallMs: number
  /** The same of everybody's priority, ms: the processors were taken. A media worker may have waited as long. */
  waitMs: number
  /** Of all processors, percent. */
  idlePercent: number
}

/** Watches from `create` to `close`, which is idempotent. */
export class MachineWatch {
  readonly #first: Ticker
  readonly #usual: Ticker
  #times = processorTimes()

  private constructor(program: string) {
    this.#first = new Ticker(program)
    this.#usual = new Ticker(program)
    this.#first.prefer()
  }

  /** @param program from ensureRtcClients */
  static async create(program: string): Promise<MachineWatch> {
    const watch = new MachineWatch(program)
    await watch.read()
    return watch
  }

  /** Since the last call. */
  async read(): Promise<MachineWindow> {
    const [stallMs, waitMs] = await Promise.all([this.#first.read(), this.#usual.read()])
    const before = this.#times
    this.#times = processorTimes()
    return { stallMs, waitMs, idlePercent: idlePercent(before, this.#times) }
  }

  close(): void {
    this.#first.close()
    this.#usual.close()
  }
}

/** native/ticker.h */
class Ticker {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: Interface

  constructor(program: string) {
    this.#child = spawn(program, ['ticker'], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })
  }

  /** Before all others; stays as it is where that is not allowed. */
  prefer(): void {
    putFirst(this.#child.pid)
  }

  async read(): Promise<number> {
    this.#child.stdin.write('\n')
    const [line] = await once(this.#lines, 'line')
    return (JSON.parse(line as string) as { lateMs: number }).lateMs
  }

  close(): void {
    this.#child.stdin.end()
  }
}

/** Gives a process of ours the highest priority. Of no effect without the privilege. */
export function putFirst(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_HIGHEST)
  } catch {
    // It measures with the priority it has, and shows it as a standstill.
  }
}

interface ProcessorTimes {
  idle: number
  all: number
}

/** proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal, …; guests are counted in user already. */
export function processorTimes(text = readFileSync('/proc/stat', 'utf8')): ProcessorTimes {
  const times = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').map(Number).slice(0, 8)
  return { idle: (times[3] ?? 0) + (times[4] ?? 0), all: times.reduce((sum, time) => sum + time, 0) }
}

export const idlePercent = (before: ProcessorTimes, after: ProcessorTimes): number =>
  after.all > before.all ? ((after.idle - before.idle) / (after.all - before.all)) * 100 : 100
