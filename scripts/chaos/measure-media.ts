/**
 * Media as the network brings it: two native clients on each node, one that sends sound and a picture and one that only receives. Their packets
 * carry when they were sent, and the kernel dates those that come, so that neither a decoder nor this process's own lateness counts as a gap.
 */
import { accessToken } from '../load/access-token.ts'
import { LoadParticipant } from '../load/load-participant.ts'
import { Balancer } from '../supervisor/balancer.ts'
import { RtcClients } from '../worker/rtc-clients.mjs'
import { type ChaosCluster, pause } from './chaos-cluster.ts'
import { putFirst } from './measure-machine.ts'

const REJOIN_MS = 500
const KINDS = ['sound', 'picture'] as const

interface Witness {
  identity: string
  /** Index of its node. */
  home: number
  isSending: boolean
  /** Undefined while it is not in. */
  participant?: LoadParticipant
  /** Number of its sound; the picture's is one more. New each time it publishes. */
  stream: number
  /** Times its connection was lost, and why the last time. */
  breaks: number
  reason: string
  /** The same when the window began. */
  breaksBefore: number
  /** Its way back. */
  coming?: Promise<void>
}

/** The longest time without a packet of one stream at one receiver. */
export interface MediaGap {
  to: string
  from: string
  kind: 'sound' | 'picture'
  ms: number
}

export interface MediaWindow {
  /** Of those whose nodes were not hit. */
  gaps: MediaGap[]
  lost: string[]
}

/** The caller closes it, which is idempotent. */
export class Witnesses {
  readonly #cluster: ChaosCluster
  readonly #room: string
  readonly #clients: RtcClients
  readonly #door: Balancer
  readonly #all: Witness[]
  #peers = 0
  #streams = 1
  #isClosing = false

  private constructor(cluster: ChaosCluster, room: string, clients: RtcClients, door: Balancer) {
    this.#cluster = cluster
    this.#room = room
    this.#clients = clients
    this.#door = door
    // Such as a handshake or a DTLS connection that the server ended.
    clients.on('failed', (peer: number, reason: string) => {
      const witness = this.#all.find(({ participant }) => participant?.subscriberPeer === peer - (peer % 2))
      witness?.participant?.close()
      if (witness) this.#comeBack(witness, `${witness.identity}: its media: ${reason}`)
    })
    this.#all = cluster.plans.flatMap((_, home) =>
      [true, false].map(isSending => ({
        identity: `${isSending ? 'sender' : 'receiver'}-${home}`,
        home,
        isSending,
        stream: 0,
        breaks: 0,
        reason: '',
        breaksBefore: 0,
      })),
    )
  }

  /** @param program from ensureRtcClients @throws Error when one cannot join */
  static async join(cluster: ChaosCluster, room: string, program: string): Promise<Witnesses> {
    const clients = await RtcClients.create(program)
    // A sender that waits for a processor sends nothing that could be late.
    putFirst(clients.pid)
    const door = await Balancer.create({ bind: '127.0.0.1', port: 0, nodes: cluster.plans })
    const witnesses = new Witnesses(cluster, room, clients, door)
    try {
      for (const witness of witnesses.#all) await witnesses.#enter(witness, cluster.access[witness.home]!.url)
      return witnesses
    } catch (error) {
      await witnesses.close()
      throw error
    }
  }

  get identities(): string[] {
    return this.#all.map(({ identity }) => identity)
  }

  /** Everybody at its own node, and all that is sent arrives everywhere. @returns what is wrong after the limit, or null */
  async goHome(limitMs: number): Promise<string | null> {
    const deadline = performance.now() + limitMs
    for (const witness of this.#all) {
      const problem = await this.#lead(witness, deadline)
      if (problem !== null) return problem
    }
    for (;;) {
      const { lost } = await this.#gaps(this.#all)
      if (lost.length === 0) return null
      if (performance.now() > deadline) return lost.join('; ')
      await pause(100)
    }
  }

  /** From here on gaps count. */
  startWindow(): void {
    this.#clients.window()
    for (const witness of this.#all) witness.breaksBefore = witness.breaks
  }

  /** @param hit indexes of nodes whose people may notice */
  async read(hit: ReadonlySet<number>): Promise<MediaWindow> {
    const others = this.#all.filter(({ home }) => !hit.has(home))
    const broken = others.filter(({ breaks, breaksBefore }) => breaks > breaksBefore)
    const { gaps, lost } = await this.#gaps(others.filter(witness => !broken.includes(witness)))
    const cut = broken.map(({ reason }) => `of a node that was not hit: ${reason}`)
    return { gaps, lost: [...cut, ...lost] }
  }

  /** Waits until nobody is on its way back. @returns who still is, or null */
  async whenIn(limitMs: number): Promise<string | null> {
    const deadline = performance.now() + limitMs
    for (;;) {
      const away = this.#all.find(({ participant }) => participant === undefined)
      if (away === undefined) return null
      if (performance.now() > deadline) return `${away.identity} did not come back`
      await pause(50)
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    for (const { participant } of this.#all) participant?.close()
    await Promise.all(this.#all.map(({ coming }) => coming))
    await this.#door.close()
    await this.#clients.close()
  }

  async #gaps(among: readonly Witness[]): Promise<MediaWindow> {
    const { peers } = await this.#clients.stats()
    const gaps: MediaGap[] = []
    const lost: string[] = []
    for (const to of among)
      for (const from of among.filter(other => other.isSending && other !== to)) {
        const flows = peers.find(({ id }) => id === to.participant?.subscriberPeer)?.flows ?? []
        for (const [nth, kind] of KINDS.entries()) {
          const flow = flows.find(({ stream }) => stream === from.stream + nth)
          if (flow) gaps.push({ to: to.identity, from: from.identity, kind, ms: flow.gapMs })
          else lost.push(`${to.identity} gets no ${kind} of ${from.identity}`)
        }
      }
    return { gaps, lost }
  }

  async #lead(witness: Witness, deadline: number): Promise<string | null> {
    for (let tries = 0; ; tries++) {
      await witness.coming
      if (witness.participant && this.#cluster.nodeOf(witness.identity) === witness.home) return null
      if (performance.now() > deadline) return `${witness.identity} is not at node ${witness.home + 1}`
      if (tries > 0) await pause(REJOIN_MS)
      witness.participant?.close()
      delete witness.participant
      await this.#enter(witness, this.#cluster.access[witness.home]!.url).catch(() => {
        // Not yet; the next try says so.
      })
    }
  }

  async #enter(witness: Witness, url: string): Promise<void> {
    const { identity, isSending } = witness
    const { apiKey, apiSecret } = this.#cluster.access[0]!
    const grant = { room: this.#room, canPublish: isSending, canSubscribe: true }
    const token = await accessToken(apiKey, apiSecret, identity, grant)
    const peer = this.#peers
    // Its two connections.
    this.#peers += 2
    const participant = await LoadParticipant.join({ url, token, identity, clients: this.#clients, peer })
    let isBroken = false
    participant.once('broken', (error: Error) => {
      isBroken = true
      participant.close()
      if (witness.participant === participant) this.#comeBack(witness, error.message)
    })
    if (isSending) {
      witness.stream = this.#streams
      this.#streams += KINDS.length
      try {
        await participant.publish(witness.stream, this.identities)
      } catch (error) {
        participant.close()
        throw error
      }
    }
    if (isBroken) throw new Error(`${identity} lost its connection while it joined`)
    if (this.#isClosing) participant.close()
    witness.participant = participant
  }

  #comeBack(witness: Witness, reason: string): void {
    delete witness.participant
    witness.reason = reason
    witness.breaks += 1
    witness.coming = (async () => {
      while (!this.#isClosing && witness.participant === undefined) {
        try {
          await this.#enter(witness, `http://127.0.0.1:${this.#door.port}`)
        } catch {
          // Nobody is there, or the room does not take anybody yet.
          await pause(REJOIN_MS)
        }
      }
    })()
  }
}
