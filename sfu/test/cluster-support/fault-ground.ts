/** What tests of broken clusters share: people who come by a URL that leads to nodes that live, and what is to be seen of them. */
import { type RemoteParticipant, RoomEvent } from '@livekit/rtc-node'
import { eventually } from '../../../testing/eventually.ts'
import type { NativePeer } from '../../../testing/native-peer.ts'
import type { TestGrants } from '../../../testing/sfu-access.ts'
import type { RunningSfu } from '../../../testing/start-sfu.ts'
import { EntryPoint } from './entry-point.ts'
import { Ground } from './ground.ts'
import type { SetUp } from './set-ups.ts'

/** docs/cluster.md promises 5 and 8 s; encoders of all clients share this machine with the nodes. */
export const BACK_LIMIT_MS = 30_000

export class FaultGround {
  readonly ground: Ground
  readonly #entries: EntryPoint[] = []

  private constructor(ground: Ground) {
    this.ground = ground
  }

  static async create(name: string, open: SetUp['open']): Promise<FaultGround> {
    return new FaultGround(
      await Ground.create({ name, open }, () => Promise.reject(new Error('no browsers here'))),
    )
  }

  /** By a URL that leads to that node, and to another when it does not answer. */
  async enter(
    room: string,
    identity: string,
    at: number,
    grants: TestGrants = {},
  ): Promise<{ peer: NativePeer; entry: EntryPoint }> {
    const entry = await EntryPoint.create(this.ground.nodes)
    this.#entries.push(entry)
    entry.prefer(this.ground.node(at))
    return { entry, peer: await this.ground.join(room, identity, grants, { url: entry.wsUrl }) }
  }

  /** As a client that tries again when it is told to. */
  async eventuallyJoins(room: string, identity: string, at: number): Promise<NativePeer> {
    let peer: NativePeer | undefined
    await eventually(
      async () => {
        peer = await this.ground.join(room, identity, {}, { at })
        return null
      },
      BACK_LIMIT_MS,
      300,
    )
    return peer as NativePeer
  }

  /** After each test: everybody leaves, and their URLs with them. */
  async reset(): Promise<void> {
    await this.ground.reset()
    await Promise.all(this.#entries.splice(0).map(entry => entry.close()))
  }

  async close(): Promise<void> {
    await this.reset()
    await this.ground.close()
  }
}

export const sidAt = (witness: NativePeer, identity: string) =>
  witness.room.remoteParticipants.get(identity)?.sid

/** Who comes and goes in the eyes of these from now on, in words that grow. */
export function changesSeenBy(witnesses: NativePeer[]): string[] {
  const seen: string[] = []
  const note = (witness: NativePeer, word: string) => (who: RemoteParticipant) =>
    seen.push(`${witness.room.localParticipant?.identity}: ${who.identity} ${word}`)
  for (const witness of witnesses) {
    witness.room.on(RoomEvent.ParticipantConnected, note(witness, 'comes'))
    witness.room.on(RoomEvent.ParticipantDisconnected, note(witness, 'goes'))
  }
  return seen
}

/** How often each of these has lost its connection from now on, resumed or not. */
export function breaksOf(peers: NativePeer[]): () => number[] {
  const breaks = peers.map(() => 0)
  for (const [at, { room }] of peers.entries()) room.on(RoomEvent.Reconnecting, () => breaks[at]!++)
  return () => [...breaks]
}

/** What these say from now on in their logs that has those words in it. */
export function loggedSince(nodes: readonly RunningSfu[], words: string): () => string[] {
  const before = nodes.map(({ output }) => output)
  return () =>
    nodes.flatMap(({ output }, at) =>
      output
        .slice(before[at]!.length)
        .split('\n')
        .filter(line => line.includes(words)),
    )
}
