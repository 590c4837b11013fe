/** People in a room whose network fails, and what must hold afterwards. Shared by the outage tests. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionState } from '@livekit/rtc-node'
import { expect } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { NetworkPath } from '../../testing/network-path.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { FlowMeter } from './room-support/flow-meter.ts'
import { type Scenario, statsOf } from './room-support/scenario.ts'

/** A client must be back within this time after its network is, ms: within a few seconds, on a machine with a load of 35 after 33 s. */
const RECOVERY_LIMIT_MS = 45_000
/** SCTP waits ever longer between attempts while a path is dead, on the server's side up to 36 s in these tests, ms. */
const TALK_LIMIT_MS = 60_000
/** How often the chatter speaks, ms. */
const CHATTER_MS = 300
const WITNESS = 'witness'

/**
 * Milliseconds until pictures moved both ways, until what was said before had arrived on both sides, and until the client said
 * that it is connected.
 */
export interface RecoveryTimes {
  pictureMs: number
  dataMs: number | undefined
  signalMs: number
}

/** Prints what docs/networks.md quotes. */
export const report =
  (what: string, { identity }: { identity: string }) =>
  ({ pictureMs, dataMs, signalMs }: RecoveryTimes): void =>
    console.log(
      `outage: ${what}, ${identity}: pictures after ${pictureMs} ms, data ${dataMs ?? '-'} ms, connected ${signalMs} ms`,
    )

/** Somebody behind a network path of its own, in a browser or on the native SDK. */
export interface Subject {
  identity: string
  sid: string
  path: NetworkPath
  client: BrowserClient | NativePeer
  microphone: string
  /** Signalling connections tried before the outage. */
  attempts: number
  /** Numbers it said while it was connected, in the order of sending. */
  said: number[]
}

/** A room with somebody on a good network who watches, and subjects whose network will fail. */
export class OutageRoom {
  readonly scenario: Scenario
  readonly name: string
  readonly witness: BrowserClient
  readonly subjects: Subject[] = []
  readonly #witnessSaid: number[] = []
  #chatter: NodeJS.Timeout | undefined
  readonly #paused = new Set<string>()
  #count = 0

  private constructor(scenario: Scenario, name: string, witness: BrowserClient) {
    this.scenario = scenario
    this.name = name
    this.witness = witness
  }

  static async create(scenario: Scenario): Promise<OutageRoom> {
    const name = scenario.newRoom()
    const witness = await scenario.join(name, WITNESS)
    await witness.publishDrawing({ width: 160, height: 90 })
    await witness.publishTone()
    return new OutageRoom(scenario, name, witness)
  }

  /**
   * A browser that publishes camera and microphone, mutes the microphone and does not want the witness's sound: what it must
   * still be and want afterwards. `open`: in another Chromium.
   */
  async addBrowser(identity: string, page?: BrowserClient): Promise<Subject> {
    const path = await NetworkPath.create(this.scenario.sfu.wsUrl)
    const client = page ?? (await this.scenario.browser.open())
    const token = await this.scenario.sfu.token({ room: this.name, identity, name: identity })
    await client.connect(path.wsUrl, token, {}, {})
    await client.publishDrawing({ width: 160, height: 90 })
    const microphone = (await client.publishTone()) as string
    const { sid } = await client.state()
    const subject: Subject = { identity, sid, path, client, microphone, attempts: 0, said: [] }
    this.subjects.push(subject)
    await eventually(
      async () => ((await statsOf(client, WITNESS, 'microphone')) ? null : 'no sound yet'),
      20_000,
    )
    await client.setSubscribed(WITNESS, 'microphone', false)
    await client.setMuted(microphone, true)
    return subject
  }

  /** On the native SDK, which has no call to mute a track: its microphone stays open. */
  async addNative(identity: string): Promise<Subject> {
    const path = await NetworkPath.create(this.scenario.sfu.wsUrl)
    const grants = { room: this.name, identity, name: identity }
    const client = await NativePeer.join(this.scenario.sfu, grants, { url: path.wsUrl })
    await client.publishCamera()
    const microphone = await client.publishMicrophone()
    const sid = client.room.localParticipant?.sid ?? ''
    const subject: Subject = { identity, sid, path, client, microphone, attempts: 0, said: [] }
    this.subjects.push(subject)
    return subject
  }

  /** Everybody sees everybody's picture and knows who is muted; then they begin to talk. */
  async settle(): Promise<void> {
    await Promise.all(this.subjects.map(subject => this.#picturesMove(subject, RECOVERY_LIMIT_MS)))
    await Promise.all(this.subjects.map(subject => this.#muteIsKnown(subject)))
    for (const subject of this.subjects) subject.attempts = subject.path.signalAttempts
    this.#chatter = setInterval(() => this.#chat(), CHATTER_MS)
    await eventually(() => (this.#witnessSaid.length > 2 ? null : 'nothing said'), 20_000)
  }

  /** A subject whose process is stopped cannot be asked to speak. */
  silence(...subjects: Subject[]): void {
    for (const { identity } of subjects) this.#paused.add(identity)
  }

  /**
   * Waits until `subject` is back with the same participant (unless `isNew`), its mute state, subscriptions and pictures both
   * ways. Milliseconds since `restoredAt` (performance.now()) until pictures moved in both directions, and until the client said
   * that it is connected.
   */
  async expectBack(
    subject: Subject,
    restoredAt: number,
    { isNew = false, isSignalNew = false } = {},
  ): Promise<RecoveryTimes> {
    const { identity, client, path } = subject
    const since = () => Math.round(performance.now() - restoredAt)
    const [pictureMs, dataMs, signalMs] = await Promise.all([
      this.#picturesMove(subject, RECOVERY_LIMIT_MS).then(since),
      // A new participant is not told what was said before it.
      isNew ? undefined : this.#talkArrives(subject).then(since),
      eventually(
        async () => {
          if (isSignalNew && path.signalAttempts === subject.attempts)
            return `${identity} has not tried to connect`
          if (path.signalConnections !== 1)
            return `${identity} has ${path.signalConnections} signal connections`
          return client instanceof NativePeer ? null : await brokenState(client)
        },
        RECOVERY_LIMIT_MS,
        100,
      ).then(since),
    ])
    const [now] = (await this.scenario.sfu.roomService().listParticipants(this.name)).filter(
      participant => participant.identity === identity,
    )
    if (isNew) expect(now?.sid).not.toBe(subject.sid)
    else expect(now?.sid, `${identity} is the same participant`).toBe(subject.sid)
    await this.#muteIsKnown(subject)
    if (!(client instanceof NativePeer)) {
      // A full reconnect is a new join to livekit-client, which forgets what was unsubscribed.
      if (!isNew) expect(await statsOf(client, WITNESS, 'microphone'), 'still unsubscribed').toBeUndefined()
      expect((await client.state()).state).toBe('connected')
      const tracks = await client.localTracks()
      expect(tracks.find(track => track.source === 'microphone')?.muted).toBe(true)
    }
    this.#paused.delete(identity)
    return { pictureMs, dataMs, signalMs }
  }

  /**
   * Watches the pictures of and at a subject whose media never stops. The function that it resolves with ends that and resolves
   * with the longest time for which one of them stood still, ms.
   */
  async watchPictures({ identity, client }: Subject): Promise<() => Promise<number>> {
    const counts = [
      this.#frames(this.witness, identity),
      client instanceof NativePeer
        ? async () => client.from(WITNESS).videoFrames
        : this.#frames(client, WITNESS),
    ]
    let isOver = false
    const watches = counts.map(count => longestStill(count, () => isOver))
    return async () => {
      isOver = true
      return Math.round(Math.max(...(await Promise.all(watches))))
    }
  }

  #frames(client: BrowserClient, identity: string): () => Promise<number> {
    const meter = new FlowMeter(client, identity, 'camera')
    return async () => (await meter.sample()).framesDecoded
  }

  /** Pictures move both ways, whoever the participants are by now. */
  expectPictures(subject: Subject): Promise<void> {
    return this.#picturesMove(subject, RECOVERY_LIMIT_MS)
  }

  /** The talk ends: everything that was said has arrived once and in order, by the subjects and at the subjects. */
  async expectTalkComplete(subjects = this.subjects): Promise<void> {
    clearInterval(this.#chatter)
    for (const subject of subjects) {
      const { identity } = subject
      await this.#talkArrives(subject)
      expectOrdered(numbersFrom(await this.witness.data(), identity), `${identity} at the witness`)
      expectOrdered(await heardAt(subject), `the witness at ${identity}`)
    }
  }

  /** Nobody left, nothing was unpublished, as the witness and the webhooks tell. */
  async expectUnnoticed(...exceptOf: string[]): Promise<void> {
    const isExcepted = (detail: string) => exceptOf.some(identity => detail.split('/')[0] === identity)
    const told = (await this.witness.events()).filter(
      ({ name, detail }) =>
        !isExcepted(detail) &&
        [
          'participantDisconnected',
          'trackUnpublished',
          'trackUnsubscribed',
          'disconnected',
          'reconnecting',
        ].includes(name),
    )
    expect(told).toEqual([])
    expect(this.left().filter(identity => !exceptOf.includes(identity))).toEqual([])
  }

  /** Identities of which a participant_left was told. */
  left(): string[] {
    return this.scenario.sfu.webhooks
      .names(this.name)
      .filter(name => name.startsWith('participant_left:'))
      .map(name => name.slice('participant_left:'.length))
  }

  /** Unmutes a subject: a change made after the outage reaches the others. */
  async expectUnmuteHeard({ identity, client, microphone }: Subject): Promise<void> {
    if (!(client instanceof NativePeer)) {
      const current = (await client.localTracks()).find(track => track.source === 'microphone')
      await client.setMuted(current?.sid ?? microphone, false)
    }
    let first: number | undefined
    await eventually(
      async () => {
        const stats = await statsOf(this.witness, identity, 'microphone')
        if (!stats || stats.muted) return `${identity} is still muted`
        first ??= stats.energy
        return stats.energy > first ? null : `no sound of ${identity}`
      },
      20_000,
      100,
    )
  }

  async close(): Promise<void> {
    clearInterval(this.#chatter)
    for (const { client } of this.subjects) await client.leave()
    await this.witness.leave()
    for (const { path } of this.subjects) await path.close()
  }

  #chat(): void {
    const number = this.#count++
    for (const subject of this.subjects)
      if (!this.#paused.has(subject.identity))
        speak(subject.client, `${number}`).then(
          isSaid => {
            if (isSaid) subject.said.push(number)
          },
          () => {
            // What the SDK refused was not said.
          },
        )
    void speak(this.witness, `${number}`).then(
      isSaid => {
        if (isSaid) this.#witnessSaid.push(number)
      },
      () => {
        // As above.
      },
    )
  }

  /** What was said until now arrives in both directions. */
  async #talkArrives(subject: Subject): Promise<void> {
    const { identity } = subject
    const [own, others] = [[...subject.said], [...this.#witnessSaid]]
    const arrive = (said: number[], heard: () => Promise<number[]>, what: string) =>
      eventually(
        async () => {
          const numbers = await heard()
          const missing = said.filter(number => !numbers.includes(number))
          return missing.length === 0 ? null : `${what} has not heard ${missing}`
        },
        TALK_LIMIT_MS,
        200,
      )
    await Promise.all([
      arrive(own, async () => numbersFrom(await this.witness.data(), identity), `the witness of ${identity}`),
      arrive(others, () => heardAt(subject), `${identity} of the witness`),
    ])
  }

  async #muteIsKnown({ identity, client }: Subject): Promise<void> {
    const isMuted = !(client instanceof NativePeer)
    await eventually(
      async () => {
        const stats = await statsOf(this.witness, identity, 'microphone')
        return stats?.muted === isMuted ? null : `the microphone of ${identity}: ${JSON.stringify(stats)}`
      },
      20_000,
      100,
    )
  }

  /** Pictures grow from now on, of the subject at the witness and the other way. */
  async #picturesMove({ identity, client }: Subject, limitMs: number): Promise<void> {
    const atWitness = grows(
      async () => (await statsOf(this.witness, identity, 'camera'))?.framesDecoded,
      `${identity} at the witness`,
    )
    const atSubject = grows(
      async () =>
        client instanceof NativePeer
          ? client.from(WITNESS).videoFrames
          : (await statsOf(client, WITNESS, 'camera'))?.framesDecoded,
      `the witness at ${identity}`,
    )
    await Promise.all([eventually(atWitness, limitMs, 100), eventually(atSubject, limitMs, 100)])
  }
}

/** The longest time without growth of a count until `isOver`, ms. */
async function longestStill(count: () => Promise<number>, isOver: () => boolean): Promise<number> {
  let last = await count()
  let [grownAt, longest] = [performance.now(), 0]
  while (!isOver()) {
    await sleep(50)
    const now = await count()
    longest = Math.max(longest, performance.now() - grownAt)
    if (now !== last) grownAt = performance.now()
    last = now
  }
  return longest
}

/** Still wrong until a count has grown by three from its first value; a count that starts anew begins anew. */
function grows(count: () => Promise<number | undefined>, what: string): () => Promise<string | null> {
  let first: number | undefined
  return async () => {
    const now = await count()
    if (now === undefined) return `no picture of ${what}`
    if (first === undefined || now < first) first = now
    return now - first >= 3 ? null : `the picture of ${what} stands still at ${now}`
  }
}

/**
 * Speaks while the client believes itself connected. What is said while it reconnects is not promised to arrive: livekit-client
 * 2.23 holds it back during an attempt, but not between two, and what comes later then overtakes it (RTCEngine, sendDataPacket).
 */
async function speak(client: BrowserClient | NativePeer, text: string): Promise<boolean> {
  if (!(client instanceof NativePeer))
    return await client.page.evaluate(async said => {
      if (window.roomClient.room?.state !== 'connected') return false
      await window.roomClient.send(said, { reliable: true })
      return true
    }, text)
  if (client.room.connectionState !== ConnectionState.CONN_CONNECTED) return false
  await client.send(text, { reliable: true })
  return true
}

/** What the client says of its own connection when it is not connected. */
async function brokenState(client: BrowserClient): Promise<string | null> {
  const { state } = await client.state()
  if (state !== 'connected') return state
  const steps = (await client.events()).filter(({ name }) =>
    /^(signalReconnecting|reconnecting|reconnected)$/.test(name),
  )
  const last = steps.at(-1)?.name ?? 'reconnected'
  return last === 'reconnected' ? null : last
}

const heardAt = async ({ client }: Subject): Promise<number[]> =>
  numbersFrom(client instanceof NativePeer ? client.data : await client.data(), WITNESS)

const numbersFrom = (data: { from: string; text: string }[], identity: string): number[] =>
  data.filter(({ from }) => from === identity).map(({ text }) => Number(text))

function expectOrdered(numbers: number[], what: string): void {
  const isOrdered = numbers.every((number, n) => n === 0 || number > (numbers[n - 1] ?? -1))
  expect(isOrdered, `${what} in order and once: ${numbers}`).toBe(true)
}
