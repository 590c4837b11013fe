/**
 * Which node serves a client that has come to this one. Who comes back to a connection is served where that connection is, so that its media
 * lives on; newcomers go where their room is and there is room (claim/node-choice.ts), and elsewhere in any case when this node is about to stop, has
 * given their room up, or does not reach the record.
 */
import type { IncomingMessage } from 'node:http'
import type { JoinQuery, VerifiedClaims } from '../../room/base/claims.ts'
import type { Log } from '../../room/base/log.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import { type Admission, seatOf } from '../../server/admission/admission.ts'
import type { HandOn } from '../../server/hand-on.ts'
import type { Placing } from '../../server/http-edge.ts'
import { newcomerTo } from '../claim/newcomer-place.ts'
import {
  type ClientNetworks,
  chooseNode,
  fitOf,
  type NodeCandidate,
  type NodeReason,
} from '../claim/node-choice.ts'
import { decodeNodeLoad, OnTheWay } from '../claim/node-load.ts'
import type { Incarnation } from '../record/record-types.ts'
import type { PeerFacts } from './node-beats.ts'
import type { NodeSession } from './node-session.ts'
import type { PassingOn } from './passing-on.ts'

export interface PlacementOptions {
  registry: RoomRegistry
  passing: PassingOn
  /** Undefined while this node is no node of the cluster. */
  session(): NodeSession | undefined
  capacity: Admission['capacity']
  /** Of this node, as it tells the others. */
  clients: ClientNetworks
  /** ClusterConfig */
  isGathered: boolean
  log: Log
}

/** `leave`: this node takes no newcomers now. */
type Reason = NodeReason | 'leave'

export class Placement implements Placing {
  readonly #options: PlacementOptions
  readonly #onTheWay = new OnTheWay()
  readonly #counts = new Map<string, { why: Reason; where: 'here' | 'elsewhere'; count: number }>()

  constructor(options: PlacementOptions) {
    this.#options = options
  }

  clientOf({ headers, url }: IncomingMessage): string | undefined {
    return this.#options.passing.clientOf(headers, url ?? '/')
  }

  async placeOf(claims: VerifiedClaims, query: JoinQuery, requestLine: string): Promise<HandOn | undefined> {
    const session = this.#options.session()
    if (!session) return undefined
    const node = query.reconnect
      ? await this.#ownerOf(session, claims, query)
      : await this.#newcomerTo(session, claims, query)
    const facts = node && session.beats.others().get(node)
    return node && facts ? this.#wayTo(session, node, facts, query, requestLine) : undefined
  }

  isGivenUp(roomName: string): boolean {
    return this.#options.session()?.rooms.givenUp.refuges(roomName) !== undefined
  }

  /** Newcomers that came to this node, by why and whether it serves them itself. */
  counts(): { why: string; where: string; count: number }[] {
    return [...this.#counts.values()]
  }

  /** The node that holds the connection the client wants back; undefined: this one, or nobody is known to. */
  async #ownerOf(
    session: NodeSession,
    { video, identity }: VerifiedClaims,
    { participantSid }: JoinQuery,
  ): Promise<Incarnation | undefined> {
    const { steps } = session
    const name = video.room ?? ''
    const local = this.#options.registry.find(name)
    if (local?.bySid(participantSid)) return undefined
    const copy = local?.remote.get(identity)
    if (copy?.id === participantSid) return copy.node as Incarnation
    // Somebody newer has that identity, or nobody: whoever looks it up in the record finds the same.
    if (copy) return undefined
    try {
      const { room } = await steps.ask(() => steps.record.roomByName(name))
      if (!room) return undefined
      const { claim } = await steps.ask(() => steps.record.claimOf(room.sid, identity))
      return claim?.psid === participantSid && claim.inst !== session.inst ? claim.inst : undefined
    } catch {
      // The record is away. The client is told to join anew, which waits for it.
      return undefined
    }
  }

  async #newcomerTo(
    session: NodeSession,
    claims: VerifiedClaims,
    query: JoinQuery,
  ): Promise<Incarnation | undefined> {
    const { rooms, isDraining, beats } = session
    const room = claims.video.room ?? ''
    const refuges = rooms.givenUp.refuges(room)
    const { reachesRecord } = beats
    const mayPublish = claims.video.canPublish !== false
    const mustLeave = isDraining || refuges !== undefined || !reachesRecord
    if (mustLeave) {
      const others = this.#others(session, claims, query, refuges ?? new Set(), new Map())
      const node =
        chooseNode(others, { mayPublish, isGathered: true })?.node ??
        newcomerTo({ isDraining, refuges, reachesRecord, others: beats.others() })
      return this.#placed(claims, node, 'leave')
    }
    // Who is in the room at this node takes the place of a connection that is here already.
    if (this.#options.registry.find(room)?.participants.has(claims.identity))
      return this.#placed(claims, undefined, 'room')
    const { isGathered, capacity } = this.#options
    const own = capacity()
    const left = seatOf(claims) === 'kept' ? own.keptLeft : own.left
    if (!isGathered && left > 0) return this.#placed(claims, undefined, 'entry')
    const { nodes, publishers } = await this.#nodesOf(session, room)
    const here: NodeCandidate = {
      node: undefined,
      fit: fitOf(this.#options.clients, query.clientAddress),
      hasRoom: nodes.has(session.inst),
      publishers: publishers.get(session.inst) ?? 0,
      left,
      load: own.load,
    }
    const candidates = [here, ...this.#others(session, claims, query, nodes, publishers)]
    const choice = chooseNode(candidates, { mayPublish, isGathered })
    // Where all are full this one says so.
    return choice ? this.#placed(claims, choice.node, choice.why) : undefined
  }

  #others(
    { beats }: NodeSession,
    claims: VerifiedClaims,
    { clientAddress }: JoinQuery,
    nodes: ReadonlySet<Incarnation>,
    publishers: ReadonlyMap<Incarnation, number>,
  ): NodeCandidate[] {
    const nowMs = performance.now()
    return [...beats.others()].flatMap(([node, facts]) => {
      if (facts.isDraining || facts.signal === '') return []
      const { left, keptLeft, load } = decodeNodeLoad(facts.load)
      return {
        node,
        fit: fitOf(facts, clientAddress),
        hasRoom: nodes.has(node),
        publishers: publishers.get(node) ?? 0,
        left: (seatOf(claims) === 'kept' ? keptLeft : left) - this.#onTheWay.to(node, nowMs),
        load,
      }
    })
  }

  /** The nodes of the open room of that name, and how many publish at each, as far as is known here. */
  async #nodesOf(
    session: NodeSession,
    name: string,
  ): Promise<{ nodes: Set<Incarnation>; publishers: Map<Incarnation, number> }> {
    const local = this.#options.registry.find(name)
    const publishers = new Map<Incarnation, number>()
    const nodes = new Set<Incarnation>()
    if (local) {
      nodes.add(session.inst)
      for (const node of session.rooms.get(local.id)?.nodes ?? []) nodes.add(node)
      for (const { publications } of local.participants.values())
        if (publications.published().length > 0) addTo(publishers, session.inst)
      for (const member of local.remote.list())
        if (member.publications.published().length > 0) addTo(publishers, member.node as Incarnation)
      return { nodes, publishers }
    }
    const { steps } = session
    try {
      const { room } = await steps.ask(() => steps.record.roomByName(name))
      if (room?.state === 'open') for (const node of room.nodes) nodes.add(node)
    } catch {
      // The record is away: as if the room were nowhere.
    }
    return { nodes, publishers }
  }

  #placed(
    { identity, video }: VerifiedClaims,
    node: Incarnation | undefined,
    why: Reason,
  ): Incarnation | undefined {
    if (node !== undefined) this.#onTheWay.sent(node, performance.now())
    const where = node === undefined ? 'here' : 'elsewhere'
    const counted = this.#counts.get(`${why} ${where}`) ?? { why, where, count: 0 }
    counted.count += 1
    this.#counts.set(`${why} ${where}`, counted)
    this.#options.log.info({ identity, room: video.room, to: node ?? 'here', why }, 'placed on a node')
    return node
  }

  #wayTo(
    session: NodeSession,
    node: Incarnation,
    { signal }: PeerFacts,
    { clientAddress }: JoinQuery,
    requestLine: string,
  ): HandOn | undefined {
    if (signal === '') return undefined
    const { hostname, port } = new URL(`tcp://${signal}`)
    return {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      headers: this.#options.passing.headers(clientAddress, requestLine),
      onCut: cut => session.onBuried(node, cut),
    }
  }
}

const addTo = (counts: Map<Incarnation, number>, node: Incarnation) =>
  counts.set(node, (counts.get(node) ?? 0) + 1)
