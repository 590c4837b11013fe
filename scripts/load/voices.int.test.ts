/** A hall of open microphones: what the media server sends of them to those who have subscribed to all. */
import { afterAll, expect, it, type TestContext } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { disposeNativeSdk, NativePeer } from '../../testing/native-peer.ts'
import { noRedisServer } from '../../testing/redis-server.ts'
import { startCluster } from '../../testing/start-cluster.ts'
import { type RunningSfu, startSfu, TEST_KEYS } from '../../testing/start-sfu.ts'
import { TestWebhooks } from '../../testing/webhook-receiver.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients, type RtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { LoadParticipant } from './load-participant.ts'
import { startMediaClients } from './tool.ts'

const MICROPHONES = 32
const VOICES = 8
const LISTENERS = 3
/** As long as a voice keeps its place, with something to spare. */
const HOLD_MS = 2_500

afterAll(disposeNativeSdk)
const root = new URL('../..', import.meta.url).pathname
const log = (line: string) => console.log(line)

/** What the media clients and the servers need; skips, saying why, on a machine without a compiler. */
async function prepare(context: TestContext): Promise<string> {
  try {
    await ensureRtcClients({ root, log, allowApt: false })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    return context.skip(error.message)
  }
  return await ensureWorker({ root, log, allowApt: false })
}

/** When the first packet of each stream came to somebody. */
async function firstPackets(
  clients: RtcClients,
  { subscriberPeer }: LoadParticipant,
): Promise<Map<number, number>> {
  const { peers } = await clients.stats()
  const flows = peers.find(({ id }) => id === subscriberPeer)?.flows ?? []
  return new Map(flows.map(({ stream, firstAt }) => [stream, firstAt]))
}

it('sends 8 of 32 microphones to whoever has subscribed to all, and whoever begins to speak is one of them', async context => {
  const workerBin = await prepare(context)
  const sfu = await startSfu({ workers: 2, env: { MEDIASOUP_WORKER_BIN: workerBin } })
  const clients = await startMediaClients(log)
  const room = 'voices'
  let stock: NativePeer | undefined
  const join = async (identity: string, peer: number, canPublish: boolean) => {
    const token = await sfu.token({ room, identity, canPublish, canSubscribe: !canPublish })
    return await LoadParticipant.join({ url: sfu.url, token, identity, clients, peer: peer * 2 })
  }
  /** By state, as Prometheus reads it. */
  const figures = async (name: string): Promise<Record<string, number>> => {
    const text = await (await fetch(`${sfu.url}/metrics`)).text()
    const lines = text.matchAll(new RegExp(`^diemcau_sfu_${name}\\{state="(\\w+)"\\} (\\d+)$`, 'gm'))
    return Object.fromEntries([...lines].map(([, state, count]) => [state, Number(count)]))
  }
  /** Waits until so many consumers run, and no more of all the others. */
  const expectSound = (heard: number) =>
    eventually(async () => {
      const sound = await figures('sound_consumers')
      const wanted = { running: heard * LISTENERS, held: (MICROPHONES - heard) * LISTENERS }
      return JSON.stringify(sound) === JSON.stringify(wanted) ? null : JSON.stringify(sound)
    }, 30_000)
  try {
    const speakers: LoadParticipant[] = []
    for (let number = 0; number < MICROPHONES; number++) {
      const speaker = await join(`hall-${number}`, number, true)
      await speaker.publishVoice(number + 1)
      speakers.push(speaker)
    }
    const listeners = [await join('listener-0', 40, false), await join('listener-1', 41, false)]
    stock = await NativePeer.join(sfu, { room, identity: 'stock', canPublish: false })
    const subscribed = () =>
      [...stock!.room.remoteParticipants.values()].flatMap(({ trackPublications }) =>
        [...trackPublications.values()].filter(({ track }) => track !== undefined),
      ).length
    await eventually(
      () => (subscribed() === MICROPHONES ? null : `${subscribed()} tracks are subscribed`),
      30_000,
    )
    await eventually(
      () => (listeners.every(({ offered }) => offered.size === MICROPHONES) ? null : 'not all is offered'),
      30_000,
    )
    await expectSound(VOICES)
    expect(await figures('microphones')).toEqual({ heard: VOICES, unheard: MICROPHONES - VOICES })

    const flows = (listener: LoadParticipant) => firstPackets(clients, listener)
    // Nobody speaks: those that came first are heard, each new one for a moment because it has just opened.
    await new Promise(resolve => setTimeout(resolve, HOLD_MS))
    const already = await flows(listeners[0]!)
    const fresh = speakers.map((_, number) => number).filter(number => !already.has(number + 1))
    const lost: number[] = []
    for (const number of fresh.slice(0, 12)) {
      const beganAt = Date.now()
      speakers[number]!.talk(true)
      for (const listener of listeners)
        await eventually(
          async () => ((await flows(listener)).has(number + 1) ? null : 'nothing is heard'),
          15_000,
        )
      await eventually(
        () =>
          stock!.from(`hall-${number}`).loudFrames > 0 ? null : `the stock client does not hear ${number}`,
        15_000,
      )
      lost.push(
        ...(await Promise.all(listeners.map(flows))).map(of => Math.round(of.get(number + 1)! - beganAt)),
      )
      await expectSound(VOICES)
      speakers[number]!.talk(false)
    }
    console.log(
      `ms from the first word to the first packet at a listener: ${lost.toSorted((a, b) => a - b).join(' ')}`,
    )
    expect(lost.length).toBeGreaterThan(0)

    // All of them at once are no more than before.
    for (const speaker of speakers) speaker.talk(true)
    await new Promise(resolve => setTimeout(resolve, HOLD_MS))
    await expectSound(VOICES)

    // Who has the floor is heard beside them.
    const api = sfu.roomService()
    const tracks = new Map(
      (await api.listParticipants(room)).flatMap(({ identity, tracks: [track] }) =>
        track ? [[identity, track.sid]] : [],
      ),
    )
    expect(tracks.size).toBe(MICROPHONES)
    const silenced = fresh.at(-1)!
    speakers[silenced]!.talk(false)
    await api.updateParticipant(room, `hall-${silenced}`, { attributes: { floor: '1' } })
    await eventually(async () => {
      const { running } = await figures('sound_consumers')
      return running === (VOICES + 1) * LISTENERS ? null : `${running} consumers run`
    }, 15_000)
    await api.updateParticipant(room, `hall-${silenced}`, { attributes: { floor: '' } })
    await expectSound(VOICES)
  } finally {
    await stock?.leave()
    await clients.close()
    await sfu.stop()
  }
})

it.skipIf(noRedisServer)(
  'lets a node choose among microphones of another one as soon as among its own',
  async context => {
    const workerBin = await prepare(context)
    const webhooks = await TestWebhooks.create(TEST_KEYS.key, TEST_KEYS.secret)
    const cluster = await startCluster({
      webhooks,
      settingsOf: async () => ({ MEDIASOUP_WORKER_BIN: workerBin }),
    })
    const clients = await startMediaClients(log)
    const [here, there] = cluster.nodes as [RunningSfu, RunningSfu]
    const join = async ({ url }: RunningSfu, identity: string, peer: number, canPublish: boolean) => {
      const grants = { room: 'voices', identity, canPublish, canSubscribe: !canPublish }
      return await LoadParticipant.join({
        ...{ url, identity, clients, peer: peer * 2 },
        token: await here.token(grants),
      })
    }
    try {
      const speakers: LoadParticipant[] = []
      for (let number = 0; number < 2 * VOICES; number++) {
        const speaker = await join(here, `hall-${number}`, number, true)
        await speaker.publishVoice(number + 1)
        speakers.push(speaker)
      }
      const listener = await join(there, 'listener', 30, false)
      await eventually(
        () => (listener.offered.size === speakers.length ? null : `${listener.offered.size} are offered`),
        30_000,
      )
      await new Promise(resolve => setTimeout(resolve, HOLD_MS))
      const already = await firstPackets(clients, listener)
      const fresh = speakers.map((_, number) => number).filter(number => !already.has(number + 1))
      expect(fresh.length).toBeGreaterThan(0)
      const lost: number[] = []
      for (const number of fresh) {
        const beganAt = Date.now()
        speakers[number]!.talk(true)
        let firstAt: number | undefined
        await eventually(async () => {
          firstAt = (await firstPackets(clients, listener)).get(number + 1)
          return firstAt === undefined ? `${number} is not heard` : null
        }, 15_000)
        lost.push(Math.round(firstAt! - beganAt))
        speakers[number]!.talk(false)
      }
      console.log(
        `ms from the first word to the first packet at a listener of another node: ${lost.join(' ')}`,
      )
    } finally {
      await clients.close()
      await cluster.close()
      await webhooks.down()
    }
  },
)
