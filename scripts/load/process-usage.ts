import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** CPU time of processes and threads, from /proc (Linux). All times in milliseconds. */

const TICK_MS = 10

export interface ProcessFacts {
  pid: number
  parent: number
  name: string
  cpuMs: number
}

/** Undefined when there is no such process. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name stands in parentheses and may itself hold spaces and parentheses.
    const end = text.lastIndexOf(')')
    const fields = text.slice(end + 2).split(' ')
    return {
      pid,
      parent: Number(fields[1]),
      name: text.slice(text.indexOf('(') + 1, end),
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    }
  } catch {
    return undefined
  }
}

const processIds = () =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)

/** Of everything that runs now. */
export const allProcesses = (): ProcessFacts[] => processIds().flatMap(pid => processFacts(pid) ?? [])

/** The processes a process has started, and those they have started. */
export function descendantsOf(pid: number): number[] {
  const all = processIds().map(processFacts)
  const found = [pid]
  // Grows while it is walked.
  for (const parent of found) for (const facts of all) if (facts?.parent === parent) found.push(facts.pid)
  return found.slice(1)
}

/** The mediasoup workers that a process has started. */
export function workersOf(pid: number): number[] {
  return processIds().filter(id => {
    const facts = processFacts(id)
    return facts?.parent === pid && facts.name.startsWith('mediasoup-worke')
  })
}

/** The process that listens on a TCP port of this machine; undefined when it is another's or there is none. */
export function listenerOf(port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      // State 0A is LISTEN.
      if (fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A' && fields[9])
        inodes.add(`socket:[${fields[9]}]`)
    }
  }
  return processIds().find(pid => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some(fd => {
        try {
          return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
        } catch {
          return false // closed since it was listed
        }
      })
    } catch {
      return false // ended since it was listed, or another user's
    }
  })
}

/** Milliseconds of CPU that the server, its media workers, the load tool and the whole machine have taken so far. */
export class CpuTimes {
  /** Undefined when the server is not on this machine. */
  readonly server: number | undefined
  /** By process id. */
  readonly workers: Map<number, number>
  readonly signalling: number
  readonly media: number
  /** Of all processes. */
  readonly machine: number

  private constructor(server: number | undefined, media: number | undefined) {
    const { user, system } = process.cpuUsage()
    this.server = server === undefined ? undefined : processFacts(server)?.cpuMs
    this.workers = new Map(
      (server === undefined ? [] : workersOf(server)).map(pid => [pid, processFacts(pid)?.cpuMs ?? 0]),
    )
    this.signalling = (user + system) / 1000
    this.media = processFacts(media ?? 0)?.cpuMs ?? 0
    this.machine = machineCpuMs()
  }

  /** @param url of the server @param media the process of the media clients */
  static now(url: string, media: number | undefined): CpuTimes {
    const { hostname, port, protocol } = new URL(url)
    const isLocal = hostname === 'localhost' || hostname.startsWith('127.')
    return new CpuTimes(
      isLocal ? listenerOf(Number(port || (/s:$/.test(protocol) ? 443 : 80))) : undefined,
      media,
    )
  }

  /** What was taken since an earlier time, ms. Workers are summed; server and workers are undefined when not on this machine. */
  since(before: CpuTimes) {
    const server =
      this.server === undefined || before.server === undefined ? undefined : this.server - before.server
    const workers = [...this.workers].map(([pid, ms]) => ({ pid, ms: ms - (before.workers.get(pid) ?? 0) }))
    const tool = this.signalling - before.signalling + (this.media - before.media)
    const worker = workers.reduce((total, { ms }) => total + ms, 0)
    return {
      server,
      worker: server === undefined ? undefined : worker,
      workers,
      signalling: this.signalling - before.signalling,
      media: this.media - before.media,
      /** Of all that is neither the server nor the load tool. */
      others: Math.max(0, this.machine - before.machine - (server ?? 0) - worker - tool),
    }
  }
}

/** proc(5): user, nice, system, irq and softirq of all cores; neither idle nor waiting for a disk. */
function machineCpuMs(): number {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]!
    .split(/\s+/)
    .map(Number)
  return (user! + nice! + system! + irq! + softirq!) * TICK_MS
}
