/** Nodes in one process that tell each other of their members by records in memory, delivered when the test says so. */
import { AppError } from '@diemcau/core/errors.ts'
import type { Incarnation, TrackId } from '@diemcau/core/ids.ts'
import type { MemberGone } from '../../src/room/copies/remote-members.ts'
import { decodeDataWord, encodeDataWord } from '../../src/room/data/data-word.ts'
import { decodeMemberRecord } from '../../src/room/member/member-record.ts'
import type { RoomPeers, SharedRoom } from '../../src/room/room-deps.ts'
import type { QualityFacts } from '../../src/room/telling/connection-quality.ts'
import type { Audible } from '../../src/room/telling/room-speakers.ts'
import type { FakeRoomMedia } from './fake-media.ts'
import { settle, TestRooms } from './test-room.ts'

type Word =
  | { member: Uint8Array }
  | { gone: MemberGone }
  | { data: Uint8Array; nodes: ReadonlySet<string> | undefined }
  | { speakers: Audible[] }
  | { qualities: QualityFacts[] }
  | { recorders: number }
  | { frame: Uint8Array; nodes: ReadonlySet<string> }
  | { want: object; nodes: ReadonlySet<string> }

let lastMs = 0
/** One clock for all nodes that never says a time twice: claims made within one millisecond have an order, as the record gives them. */
const sharedNow = (): number => {
  lastMs = Math.max(lastMs + 1, Date.now())
  return lastMs
}

export class TestNode {
  readonly rooms: TestRooms
  readonly id: Incarnation
  readonly subscribed: TrackId[] = []
  readonly shared = new Map<string, SharedRoom>()
  /** Nodes that can be called. */
  readonly peersById = new Map<string, TestNode>()
  /** Words for the others that have not been delivered. */
  readonly outbox: { room: string; word: Word }[] = []

  constructor(id: string) {
    this.id = id as Incarnation
    this.rooms = new TestRooms({}, { peers: this.peers, now: sharedNow })
  }

  readonly peers = (room: SharedRoom): RoomPeers => {
    this.shared.set(room.name, room)
    const say = (word: Word) => void this.outbox.push({ room: room.name, word })
    return {
      member: member => say({ member }),
      gone: gone => say({ gone }),
      data: (data, nodes) => say({ data: encodeDataWord(data), nodes }),
      speakers: speakers => say({ speakers }),
      qualities: qualities => say({ qualities }),
      recorders: recorders => say({ recorders }),
      dataTrack: (frame, nodes) => say({ frame, nodes }),
      fetchBlob: async (node, request) => this.#peer(node, room).answerBlob(request),
      wantDataTrack: (node, want) => say({ want, nodes: new Set([node]) }),
      pipes: { open: async () => ({}), want: () => {}, state: () => {} },
      emptied: () => {},
      subscribed: async ({ node }, trackId) => {
        this.subscribed.push(trackId)
        this.#peer(node, room).subscribedElsewhere(trackId)
      },
    }
  }

  /** For a call: whoever takes it answers at once. */
  #peer(node: string, { name }: SharedRoom) {
    const there = this.peersById.get(node)?.shared.get(name)
    if (!there) throw new AppError('unavailable', `${node} does not answer`)
    return there.nodes
  }

  mediaOf(room: string): FakeRoomMedia {
    const media = this.rooms.media.rooms.find(({ roomId }) => roomId === this.shared.get(room)?.id)
    if (!media) throw new Error(`no room ${room}`)
    return media
  }

  /** Tracks of other nodes that this one has made its own, and whose they are. */
  get landed(): Map<TrackId, string> {
    const { nodes } = this.rooms.roomMedia()
    return new Map([...(nodes?.remote ?? [])].map(([trackId, { facts }]) => [trackId, facts.participantId]))
  }

  take(node: Incarnation, room: string, word: Word): void {
    const shared = this.shared.get(room)
    if (!shared) return
    if ('member' in word) shared.remote.apply(node, decodeMemberRecord(word.member))
    else if ('gone' in word) shared.remote.gone(word.gone)
    else if ('speakers' in word) shared.speakers.hearNode(node, word.speakers)
    else if ('qualities' in word) shared.qualities(word.qualities)
    else if ('recorders' in word) shared.nodes.takeRecorders(node, word.recorders)
    else if (word.nodes && !word.nodes.has(this.id)) return
    else if ('frame' in word) shared.nodes.takeDataTrack(node, word.frame)
    else if ('want' in word) shared.nodes.takeDataTrackWant(node, JSON.parse(JSON.stringify(word.want)))
    else shared.data.remote.take(decodeDataWord(word.data))
  }

  /** What it says when it enters a room, or is heard again. */
  sayAll(to: TestNode, room: string): void {
    for (const part of this.shared.get(room)?.nodes.full() ?? [])
      to.shared.get(room)?.nodes.takeFull(this.id, part)
  }
}

/** Everything said so far reaches everybody else. `order` may change the order of what one node said. */
export async function deliver(
  nodes: readonly TestNode[],
  order: <T>(words: T[]) => T[] = words => words,
): Promise<void> {
  for (const from of nodes) for (const to of nodes) if (to !== from) from.peersById.set(to.id, to)
  await settle()
  for (const from of nodes) {
    const words = order(from.outbox.splice(0))
    for (const to of nodes) if (to !== from) for (const { room, word } of words) to.take(from.id, room, word)
  }
  await settle()
}
