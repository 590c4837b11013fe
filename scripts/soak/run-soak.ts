import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { eventually } from '../../testing/eventually.ts'
import { freePort } from '../../testing/free-port.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { readOpen, takeCensus } from './census.ts'
import { Inspector } from './inspector.ts'
import { type FullCensus, inWords, judge, SLACK, type SoakOptions, type SoakReport } from './soak-report.ts'
import { newVisitorsReport, sendVisitors } from './visitors.ts'

/** The first quiet moment: minute 5, and of a short run a sixth. */
const earlyS = (seconds: number) => (seconds >= 15 * 60 ? 5 * 60 : seconds / 6)
const ROOMS = ['soak-1', 'soak-2', 'soak-3']
/** A lost participant is waited for 40 s, the room it leaves empty 20 s; a busy machine may take 30 s more for it. */
const QUIET_LIMIT_MS = 90_000

/** Runs an SFU and its visitors. @throws Error when the SFU or the visitors do not start. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { seconds, participants: count, seed, isQuick = false, log } = options
  const inspectPort = await freePort()
  const sfu = await startSfu({
    workers: 2,
    env: {
      NODE_OPTIONS: `--inspect=127.0.0.1:${inspectPort}`,
      LOG_LEVEL: 'warn',
      // All come from this machine's one address.
      SFU_JOINS_PER_MINUTE: '100000',
      // A delivery leaves a timer of 10 s, for which every census would wait. Empty would be the default: a portal on this machine.
      ...(isQuick ? { WEBHOOK_URLS: ',' } : {}),
      ...(options.workerBin ? { MEDIASOUP_WORKER_BIN: options.workerBin } : {}),
    },
  })
  const inspector = await Inspector.connect(inspectPort)
  const visitors = newVisitorsReport()
  const cpu = { wall: 0, node: 0, workers: 0 }
  const everybody = Array.from({ length: count }, (_, index) => `soak-${index}`)
  try {
    // One visit first: code and connections that are made at first use belong to the start.
    const start = await phase(everybody.slice(0, 1), 1)
    log(`seed ${seed}, ${count} participants, ${seconds} s; at the start ${inWords(start)}`)
    const early = await phase(everybody, earlyS(seconds), start)
    log(`first quiet moment: ${inWords(early)}`)
    const end = await phase(everybody, seconds - earlyS(seconds), start)
    log(`end: ${inWords(end)}`)
    const load = {
      cores: availableParallelism(),
      visitors: visitors.cpuS / cpu.wall,
      node: cpu.node / cpu.wall,
      workers: cpu.workers / cpu.wall,
      average: loadavg()[0] ?? 0,
    }
    const warnings = sfu.output.split('\n').filter(line => /"level":(50|60)/.test(line))
    return judge({ options, visitors, load, start, early, end, warnings })
  } finally {
    inspector.close()
    await sfu.stop()
  }

  async function phase(identities: string[], length: number, before?: FullCensus): Promise<FullCensus> {
    const pids = await sfu.workerPids()
    const used = () => ({ node: cpuSecondsOf(sfu.pid), workers: sum(pids.map(cpuSecondsOf)) })
    const [from, began] = [used(), performance.now()]
    await sendVisitors({ sfu, rooms: ROOMS, identities, seconds: length, seed, report: visitors, log })
    const to = used()
    cpu.wall += (performance.now() - began) / 1000
    cpu.node += to.node - from.node
    cpu.workers += to.workers - from.workers
    await untilQuiet(sfu, isQuick).catch((error: Error) => log(`not quiet: ${error.message}`))
    // Timers of what was closed last, such as the time limit of a webhook's delivery, run out by themselves.
    const deadline = Date.now() + QUIET_LIMIT_MS
    for (;;) {
      const census = await takeCensus(inspector, sfu)
      if (before === undefined || isQuiet(census, before) || Date.now() > deadline) return census
      await new Promise(resolve => setTimeout(resolve, 1_000))
    }
  }
}

const isQuiet = (census: FullCensus, before: FullCensus): boolean =>
  census.timers <= before.timers + SLACK.timers &&
  census.lasting.timers <= before.lasting.timers + SLACK.lasting.timers

/** Everybody has left: one room is closed by its own timer, the others by the API; then nothing may be open. */
async function untilQuiet(sfu: RunningSfu, isQuick: boolean): Promise<void> {
  const service = sfu.roomService()
  const open = await service.listRooms()
  for (const { name } of open) if (isQuick || name !== ROOMS[0]) await service.deleteRoom(name)
  await eventually(
    async () => {
      const { counts } = await readOpen(sfu.url)
      const left = Object.entries(counts).filter(([, number]) => number !== 0)
      return left.length === 0 ? null : `still open: ${left.map(pair => pair.join(' ')).join(', ')}`
    },
    QUIET_LIMIT_MS,
    250,
  )
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

/** User and system time so far (proc(5), fields 14 and 15, in ticks of 10 ms). */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name before them may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
