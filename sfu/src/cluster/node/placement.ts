/**
 * Which node serves a client that has come to this one. Who comes back to a connection is served where that connection is, so that its media
 * lives on; newcomers are served here, unless this node is about to stop, has given their room up, or does not reach the record.
 */
import type { IncomingMessage } from 'node:http'
import type { JoinQuery, VerifiedClaims } from '../../room/base/claims.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import type { HandOn } from '../../server/hand-on.ts'
import type { Placing } from '../../server/http-edge.ts'
import { newcomerTo } from '../claim/newcomer-place.ts'
import type { Incarnation } from '../record/record-types.ts'
import type { PeerFacts } from './node-beats.ts'
import type { NodeSession } from './node-session.ts'
import type { PassingOn } from './passing-on.ts'

export interface PlacementOptions {
  registry: RoomRegistry
  passing: PassingOn
  /** Undefined while this node is no node of the cluster. */
  session(): NodeSession | undefined
}

export class Placement implements Placing {
  readonly #options: PlacementOptions

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
      : this.#newcomerTo(session, claims.video.room ?? '')
    const facts = node && session.beats.others().get(node)
    return node && facts ? this.#wayTo(session, node, facts, query, requestLine) : undefined
  }

  isGivenUp(roomName: string): boolean {
    return this.#options.session()?.rooms.givenUp.refuges(roomName) !== undefined
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

  #newcomerTo({ rooms, isDraining, beats }: NodeSession, roomName: string): Incarnation | undefined {
    const refuges = rooms.givenUp.refuges(roomName)
    return newcomerTo({ isDraining, refuges, reachesRecord: beats.reachesRecord, others: beats.others() })
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
