/**
 * A process with a few visitors. Forked by visitors.ts, which may lose it at any time: the native SDK keeps what it should
 * free and now and then ends the process. Says how far it is every second, and `isOver` when told to stop and all have left.
 */
import { disposeNativeSdk } from '../../testing/native-peer.ts'
import { SfuAccess } from '../../testing/sfu-access.ts'
import { Random } from './random.ts'
import { SoakParticipant, type SoakPlan } from './soak-participant.ts'
import { add, newTally, type Tally } from './tally.ts'

export interface VisitorsTask {
  sfu: { url: string; apiKey: string; apiSecret: string }
  rooms: string[]
  identities: string[]
  seed: number
}

/** The first says that the visitors begin. */
export interface VisitorsState {
  tally: Tally
  /** How many are in a room now. */
  inRoom: number
  /** Bytes. */
  rss: number
  isOver: boolean
}

const STATE_EVERY_MS = 1_000
const DISPOSE_LIMIT_MS = 3_000

const ending = new AbortController()
const tally = newTally()

async function act({ sfu, rooms, identities, seed }: VisitorsTask): Promise<void> {
  const plan: SoakPlan = {
    sfu: new SfuAccess(sfu.url, sfu.apiKey, sfu.apiSecret),
    rooms,
    random: new Random(seed),
    tally,
    published: { camera: 0, microphone: 0 },
  }
  const visitors: SoakParticipant[] = []
  for (const [index, identity] of identities.entries())
    visitors.push(await SoakParticipant.create(plan, identity, index === 0))
  const tell = (isOver: boolean, told = () => {}) => {
    const { user, system } = process.cpuUsage()
    tally.cpuS = (user + system) / 1e6
    const inRoom = visitors.filter(visitor => visitor.isInRoom).length
    const state: VisitorsState = { tally, inRoom, rss: process.memoryUsage.rss(), isOver }
    process.send?.(state, told)
  }
  tell(false)
  const timer = setInterval(() => tell(false), STATE_EVERY_MS)
  await Promise.all(visitors.map(visitor => visitor.act(ending.signal)))
  clearInterval(timer)
  for (const visitor of visitors) visitor.close()
  await Promise.race([disposeNativeSdk(), new Promise(resolve => setTimeout(resolve, DISPOSE_LIMIT_MS))])
  // The SDK's threads hold the process, so it is ended by hand once the news is out.
  tell(true, () => process.exit(0))
}

process.once('message', (task: VisitorsTask) => {
  process.once('message', () => ending.abort())
  act(task).catch((error: unknown) => {
    console.error(error)
    process.exit(2)
  })
})
// The native SDK throws out of its own finalizers ("trying to drop an invalid handle"). That is the visitor's trouble; what
// this process has left open at the server would show in the report.
process.on('uncaughtException', error => add(tally.failed, `the native SDK: ${error.message}`.slice(0, 120)))
process.on('unhandledRejection', error => add(tally.failed, `the native SDK: ${String(error)}`.slice(0, 120)))
// Without its parent it would go on for ever.
process.once('disconnect', () => process.exit(2))
