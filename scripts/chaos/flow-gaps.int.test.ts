import { afterEach, beforeEach, expect, it, type TestContext } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { root } from '../lib/run.mjs'
import { accessToken } from '../load/access-token.ts'
import { LoadParticipant } from '../load/load-participant.ts'
import { workersOf } from '../load/process-usage.ts'
import { ensureRtcClients, RtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { pause } from './chaos-cluster.ts'

const STOPPED_MS = 1_500
const SOUND = 1
const PICTURE = 2

let sfu: RunningSfu | undefined
let clients: RtcClients | undefined
let people: LoadParticipant[] = []

beforeEach(async (context: TestContext) => {
  const log = (line: string) => console.log(line)
  let program: string
  try {
    program = await ensureRtcClients({ root, log, allowApt: false })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.log(`skipped: ${error.message}`)
    return context.skip(error.message)
  }
  sfu = await startSfu({ workers: 1 })
  clients = await RtcClients.create(program)
  for (const [index, identity] of ['sender', 'receiver'].entries()) {
    const grant = { room: 'gaps', canPublish: index === 0, canSubscribe: true }
    const token = await accessToken(sfu.apiKey, sfu.apiSecret, identity, grant)
    people.push(await LoadParticipant.join({ url: sfu.url, token, identity, clients, peer: index * 2 }))
  }
  await people[0]!.publish(SOUND)
  await eventually(async () => ((await gaps()).length === 2 ? null : 'not both streams come'))
})
afterEach(async () => {
  for (const person of people) person.close()
  people = []
  await clients?.close()
  await sfu?.stop()
  clients = sfu = undefined
})

/** Of sound and picture at the receiver. */
async function gaps(): Promise<number[]> {
  const { peers } = await clients!.stats()
  const flows = peers.find(({ id }) => id === people[1]!.subscriberPeer)?.flows ?? []
  return [SOUND, PICTURE].flatMap(wanted => flows.filter(({ stream }) => stream === wanted)).map(f => f.gapMs)
}

/** Stops a process for a while. @returns the gaps at the end of the standstill or as soon as they can be asked for, and after it */
async function standstill(pid: number): Promise<{ meanwhile: Promise<number[]>; after: number[] }> {
  clients!.window()
  await pause(100)
  process.kill(pid, 'SIGSTOP')
  await pause(STOPPED_MS)
  const meanwhile = gaps()
  process.kill(pid, 'SIGCONT')
  await meanwhile
  await pause(500)
  return { meanwhile, after: await gaps() }
}

it('sees a media worker that stood still, while it does and afterwards', async () => {
  const [worker] = workersOf(sfu!.pid!)
  const { meanwhile, after } = await standstill(worker!)
  for (const gapMs of [...(await meanwhile), ...after]) {
    expect(gapMs).toBeGreaterThan(STOPPED_MS - 150)
    expect(gapMs).toBeLessThan(STOPPED_MS * 3)
  }
  expect(after).toHaveLength(2)
})

it('takes a standstill of sender and receiver for no gap, and begins anew with each window', async () => {
  const { meanwhile, after } = await standstill(clients!.pid!)
  for (const gapMs of [...(await meanwhile), ...after]) expect(gapMs).toBeLessThan(STOPPED_MS / 2)
  expect(after).toHaveLength(2)
  clients!.window()
  for (const gapMs of await gaps()) expect(gapMs).toBeLessThan(STOPPED_MS / 2)
})
