import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SfuAccess } from '../../testing/sfu-access.ts'
import { add, addTally, newTally, type Tally } from './tally.ts'
import type { VisitorsState, VisitorsTask } from './visitors-process.ts'

/** What visitors did, and how their processes fared, added up over the run. */
export interface VisitorsReport extends Tally {
  processes: number
  /** Ended by the native SDK; who was in a room then has vanished. */
  crashes: number
  /** Did not end within a minute of being told to, so they were killed. */
  killed: number
  /** Bytes, of the largest process. */
  mostRss: number
}

export interface Visiting {
  sfu: SfuAccess
  rooms: string[]
  identities: string[]
  /** Of acting, from when all processes have begun. */
  seconds: number
  seed: number
  report: VisitorsReport
  log: (line: string) => void
}

export const newVisitorsReport = (): VisitorsReport => ({
  ...newTally(),
  processes: 0,
  crashes: 0,
  killed: 0,
  mostRss: 0,
})

/** The native SDK hands every event to every listener of its process, so many visitors in one cost more than few in each. */
const PER_PROCESS = 5
/** It also keeps some of what is let go. The first processes live shorter, so that never all are replaced at once. */
const LIFE_MS = 180_000
/** Some modules and a native library to load. */
const START_LIMIT_MS = 120_000
/** An action (30 s), then the leaving (10 s). */
const STOP_LIMIT_MS = 60_000
const MOST_EARLY_CRASHES = 5
const EARLY_MS = 5_000

/**
 * Has visitors act in processes of a few each, which are replaced every three minutes and when they crash. Resolves when the
 * time is over, all have left and no process is left. @throws Error when one crashes again and again at its start
 */
export async function sendVisitors(visiting: Visiting): Promise<void> {
  const { identities, seconds, seed, report, log } = visiting
  const ending = new AbortController()
  const count = Math.ceil(identities.length / PER_PROCESS)
  let timer: NodeJS.Timeout | undefined
  let begun = 0
  const onBegun = () => {
    begun += 1
    if (begun === count) timer = setTimeout(() => ending.abort(), seconds * 1000)
  }
  const keep = async (slot: number): Promise<void> => {
    const members = identities.filter((_, index) => index % count === slot)
    let earlyCrashes = 0
    for (let generation = 0; generation === 0 || !ending.signal.aborted; generation++) {
      const lifeMs = generation === 0 ? (LIFE_MS * (slot + 1)) / count : LIFE_MS
      const task = { members, seed: seed + slot * 7_919 + generation * 104_729, lifeMs }
      const startedAt = Date.now()
      const crash = await liveOnce(visiting, task, ending.signal, generation === 0 ? onBegun : () => {})
      report.processes += 1
      if (crash === undefined) continue
      report.crashes += 1
      add(report.done, 'vanish', crash.inRoom)
      log(
        `the native SDK ended a process of ${members.length} visitors (${crash.how}): ${crash.inRoom} have vanished`,
      )
      earlyCrashes = Date.now() - startedAt < EARLY_MS ? earlyCrashes + 1 : 0
      if (earlyCrashes === MOST_EARLY_CRASHES)
        throw new Error(`the visitors' process crashed ${earlyCrashes} times at its start`)
    }
  }
  try {
    const slots = Array.from({ length: count }, (_, slot) => keep(slot).finally(() => ending.abort()))
    for (const result of await Promise.allSettled(slots))
      if (result.status === 'rejected') throw result.reason
  } finally {
    clearTimeout(timer)
  }
}

/** Runs one process. Resolves when it has ended: undefined, or how it crashed. `onBegun` is called once in any case. */
async function liveOnce(
  { sfu, rooms, report, log }: Visiting,
  { members, seed, lifeMs }: { members: string[]; seed: number; lifeMs: number },
  ending: AbortSignal,
  onBegun: () => void,
): Promise<{ how: string; inRoom: number } | undefined> {
  // The SDK writes its log to standard output and cannot be told not to.
  const child = fork(fileURLToPath(new URL('visitors-process.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // It has every track listen to its room, which Node takes for a leak.
    execArgv: ['--disable-warning=MaxListenersExceededWarning'],
  })
  const { url, apiKey, apiSecret } = sfu
  const task: VisitorsTask = { sfu: { url, apiKey, apiSecret }, rooms, identities: members, seed }
  child.send(task)
  const stopping = stopLater(child, ending)
  const starting = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS)
  let state: VisitorsState | undefined
  child.on('message', (told: VisitorsState) => {
    if (state === undefined) {
      clearTimeout(starting)
      onBegun()
      stopping.in(lifeMs)
    }
    state = told
    report.mostRss = Math.max(report.mostRss, told.rss)
  })
  const how = await new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  clearTimeout(starting)
  stopping.close()
  if (state === undefined) onBegun()
  else addTally(report, state.tally)
  if (state?.isOver) return undefined
  if (!stopping.isKilled) return { how, inRoom: state?.inRoom ?? 0 }
  report.killed += 1
  log(`a process of ${members.length} visitors did not end within ${STOP_LIMIT_MS / 1000} s and was killed`)
  return undefined
}

/** Tells a process to stop at the end of its time or of all time, and kills it when it does not. */
function stopLater(child: ChildProcess, ending: AbortSignal) {
  const timers: NodeJS.Timeout[] = []
  const stopping = {
    isKilled: false,
    in: (ms: number) => timers.push(setTimeout(stop, ms)),
    close: () => {
      for (const timer of timers) clearTimeout(timer)
      ending.removeEventListener('abort', stop)
    },
  }
  let isTold = false
  function stop() {
    if (isTold) return
    isTold = true
    if (child.connected) child.send('stop', () => {})
    timers.push(
      setTimeout(() => {
        stopping.isKilled = true
        child.kill('SIGKILL')
      }, STOP_LIMIT_MS),
    )
  }
  ending.addEventListener('abort', stop)
  if (ending.aborted) stop()
  return stopping
}
