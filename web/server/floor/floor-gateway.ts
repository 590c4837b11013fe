/** The floor's sockets: tickets in, events out. What a command does is in run-command.ts. */

import type { FloorClientToServer, FloorServerToClient } from '@diemcau/core/contracts/floor.ts'
import type { Audience } from '@diemcau/core/floor/audience.ts'
import { KeyedLimit } from '@diemcau/core/keyed-limit.ts'
import { clientAddress } from '@diemcau/core/net/client-address.ts'
import { networkOf } from '@diemcau/core/net/network-of.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import type { Namespace, Server, Socket } from 'socket.io'
import { atPlace } from '../http/request-place.ts'
import type { FloorBroadcaster, Runtime } from '../runtime.ts'
import { Absences } from './absences.ts'
import { ticketFault } from './end-rights.ts'
import { readEventsSince, readRows } from './floor-log.ts'
import type { FloorRow } from './floor-row.ts'
import { readSnapshot } from './floor-snapshot.ts'
import { judgePlaces } from './judge-places.ts'
import { LobbyPresence } from './lobby-presence.ts'
import { PublicVoice } from './public-voice.ts'
import { runCommand } from './run-command.ts'
import { SocketDoor } from './socket-door.ts'
import { type Ticket, verifyTicket } from './ticket.ts'
import { ViewerCounts } from './viewer-counts.ts'

interface SocketData {
  ticket: Ticket
  /** Where the connection comes from; what the public may say counts by it. */
  network: string
}
type FloorNamespace = Namespace<FloorClientToServer, FloorServerToClient, Record<string, never>, SocketData>
type FloorSocket = Socket<FloorClientToServer, FloorServerToClient, Record<string, never>, SocketData>

/** Beyond this many missed events a snapshot is shorter. */
const CATCH_UP_LIMIT = 500
const COMMANDS_PER_SECOND = 5
const COMMAND_BURST = 20
/** Tickets judged by one query. */
const JUDGED_AT_ONCE = 500

const rooms = {
  all: (meetingId: string) => `all:${meetingId}`,
  participants: (meetingId: string) => `part:${meetingId}`,
  moderators: (meetingId: string) => `mod:${meetingId}`,
  person: (meetingId: string, identity: string) => `one:${meetingId}:${identity}`,
  viewers: (meetingId: string) => `view:${meetingId}`,
  lobby: (meetingId: string, identity: string) => `lobby:${meetingId}:${identity}`,
}

const roomOf: Record<Audience, (meetingId: string) => string> = {
  everyone: rooms.all,
  participants: rooms.participants,
  moderators: rooms.moderators,
}

export class FloorGateway implements FloorBroadcaster {
  readonly #runtime: Runtime
  readonly #namespace: FloorNamespace
  readonly #viewers: ViewerCounts
  /** By person: many sockets of one ticket share what one may do. */
  readonly #commands = new KeyedLimit(COMMAND_BURST, COMMANDS_PER_SECOND)
  readonly #publicVoice = new PublicVoice()
  readonly #door: SocketDoor
  readonly #lobby: LobbyPresence
  readonly #absences: Absences
  /** By meeting: number of the last event that its sockets were told, or got when they came. */
  readonly #toldUpTo = new Map<string, number>()
  #isClosed = false

  /**
   * Attaches to `/meeting` and becomes the runtime's broadcaster.
   * @param options `graceMs`: how long somebody may be away and keep hand and floor. `door` is asked before each
   * handshake by whoever made `io`.
   */
  constructor(runtime: Runtime, io: Server, options: { graceMs?: number; door?: SocketDoor } = {}) {
    const { graceMs, door = new SocketDoor() } = options
    this.#runtime = runtime
    this.#door = door
    door.attach(io, request => this.#addressOf(request))
    this.#namespace = io.of('/meeting') as unknown as FloorNamespace
    this.#viewers = new ViewerCounts(
      id => this.#namespace.adapter.rooms.get(rooms.viewers(id))?.size ?? 0,
      (id, count) => this.#namespace.to(rooms.all(id)).emit('viewers', { count }),
    )
    this.#absences = new Absences(
      runtime,
      ({ meetingId, identity }) => this.#namespace.adapter.rooms.has(rooms.person(meetingId, identity)),
      graceMs,
    )
    this.#namespace.use((socket, next) => {
      this.#authenticate(socket).then(
        () => next(),
        error => next(error instanceof Error ? error : new Error('refused')),
      )
    })
    this.#namespace.on('connection', socket => {
      this.#handleConnection(socket).catch(error => {
        runtime.log.error({ err: error }, 'floor socket not served')
        socket.disconnect(true)
      })
    })
    this.#lobby = new LobbyPresence(runtime, (meetingId, identity) =>
      this.#namespace.adapter.rooms.has(rooms.lobby(meetingId, identity)),
    )
    runtime.broadcaster = this
  }

  /** Connections, those without a ticket, and meetings that are served here. */
  get sockets(): { open: number; withoutTicket: number; meetings: number } {
    return {
      open: this.#namespace.sockets.size,
      withoutTicket: this.#door.waiting,
      meetings: this.#toldUpTo.size,
    }
  }

  #addressOf(request: object): string {
    return clientAddress(request as Parameters<typeof clientAddress>[0], this.#runtime.config.trustedProxies)
  }

  async publish(meetingId: string, rows: readonly FloorRow[], lastSeq: number): Promise<void> {
    const told = this.#toldUpTo.get(meetingId)
    const before = lastSeq - rows.length
    this.#toldUpTo.set(meetingId, lastSeq)
    if (told !== undefined && told < before) await this.#tellMissing(meetingId, told + 1, before)
    this.#emit(meetingId, rows)
  }

  /** The database took these and died before it said so. */
  async #tellMissing(meetingId: string, from: number, to: number): Promise<void> {
    this.#runtime.log.warn({ meetingId, from, to }, 'events that were committed without a word are told now')
    try {
      this.#emit(meetingId, await readRows(this.#runtime.db, meetingId, from, to))
    } catch (error) {
      this.#runtime.log.warn(
        { meetingId, err: error },
        'they cannot be read: everybody comes back to get them',
      )
      this.closeMeeting(meetingId)
    }
  }

  #emit(meetingId: string, rows: readonly FloorRow[]): void {
    for (const row of rows) {
      const targets = [roomOf[row.audience](meetingId)]
      if (row.identity !== null) targets.push(rooms.person(meetingId, row.identity))
      // Moderators are participants, too; a socket in several of these rooms gets it once.
      this.#namespace.to(targets).emit('event', row.event)
    }
  }

  lobbyResult(meetingId: string, identity: string, admitted: boolean): void {
    this.#namespace.to(rooms.lobby(meetingId, identity)).emit('lobby_result', { admitted })
  }

  disconnect(meetingId: string, identity: string): void {
    const both = [rooms.person(meetingId, identity), rooms.lobby(meetingId, identity)]
    this.#namespace.in(both).disconnectSockets(true)
  }

  closeMeeting(meetingId: string): void {
    this.#toldUpTo.delete(meetingId)
    for (const socket of this.#namespace.sockets.values())
      if (socket.data.ticket?.meetingId === meetingId) socket.disconnect(true)
  }

  async judgeSockets(): Promise<void> {
    const sockets = [...this.#namespace.sockets.values()].filter(socket => socket.data.ticket)
    for (let from = 0; from < sockets.length; from += JUDGED_AT_ONCE) {
      const some = sockets.slice(from, from + JUDGED_AT_ONCE)
      const faults = await judgePlaces(
        this.#runtime.db,
        some.map(socket => socket.data.ticket),
      )
      for (const [index, socket] of some.entries()) if (faults[index]) socket.disconnect(true)
    }
  }

  /** Idempotent. The sockets themselves are closed with their server. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#absences.close()
    this.#lobby.close()
    this.#door.close()
    this.#viewers.close()
  }

  /** The text of a refusal is a code: `ticket` asks for a new ticket, `removed` is final. */
  async #authenticate(socket: FloorSocket): Promise<void> {
    const { ticket } = socket.handshake.auth as { ticket?: unknown }
    const claims = await verifyTicket(String(ticket), this.#runtime.config.authSecret).catch(() => null)
    if (!claims) throw new Error('ticket')
    const fault = await ticketFault(this.#runtime.db, claims)
    if (fault) throw new Error(fault)
    socket.data.ticket = claims
    socket.data.network = networkOf(this.#addressOf(socket.request))
    this.#door.pass(socket.conn)
  }

  async #handleConnection(socket: FloorSocket): Promise<void> {
    const { ticket, network } = socket.data
    // One namespace: a connection that has left it has no business any more.
    socket.once('disconnect', () => socket.conn.close())
    const person = rooms.person(ticket.meetingId, ticket.identity)
    socket.on('command', (command, ack) => {
      // The contract asks for an acknowledgement; a client that wants none still gets its command run.
      const answer: typeof ack = typeof ack === 'function' ? ack : () => {}
      if (ticket.kind === 'lobby') return answer({ ok: false, code: 'forbidden', message: 'still waiting' })
      if (!this.#commands.take(person))
        return answer({ ok: false, code: 'rate_limited', message: 'too many commands' })
      if (!this.#publicVoice.take(ticket, network, command))
        return answer({ ok: false, code: 'rate_limited', message: 'too many questions from one network' })
      const ip = clientAddress(socket.request, this.#runtime.config.trustedProxies)
      void atPlace(ip, 'floor', () => runCommand(this.#runtime, ticket, command)).then(answer)
    })
    if (ticket.kind === 'lobby') return await this.#handleLobbySocket(socket)
    await this.#catchUp(socket)
    if (ticket.role === 'viewer') this.#viewers.changed(ticket.meetingId)
    else this.#viewers.tell(ticket.meetingId, count => socket.emit('viewers', { count }))
    socket.on('disconnect', () => {
      if (ticket.role === 'viewer') this.#viewers.changed(ticket.meetingId)
    })
  }

  /** Joins first, then reads: a decision made in between is told twice rather than never. */
  async #handleLobbySocket(socket: FloorSocket): Promise<void> {
    const { meetingId, identity } = socket.data.ticket
    await socket.join(rooms.lobby(meetingId, identity))
    const request = await this.#runtime.db.lobbyRequestRow.findUnique({
      where: { meetingId_identity: { meetingId, identity } },
    })
    if (request && request.status !== 'waiting')
      socket.emit('lobby_result', { admitted: request.status === 'admitted' })
  }

  /**
   * In the meeting's queue no event can be committed or broadcast between reading what was missed and joining the
   * rooms, so that nothing is lost, doubled or out of order.
   */
  async #catchUp(socket: FloorSocket): Promise<void> {
    const { ticket } = socket.data
    const { meetingId, identity, role } = ticket
    const { since } = socket.handshake.auth as { since?: unknown }
    await this.#runtime.queues.run(meetingId, async () => {
      const { db } = this.#runtime
      const meeting = await db.meeting.findUnique({ where: { id: meetingId } })
      // Asked again here: who was put out since the handshake was not yet in a room that could be closed.
      if (!meeting || (await ticketFault(db, ticket))) {
        socket.disconnect(true)
        return
      }
      const missed =
        typeof since === 'number' && Number.isInteger(since) && since >= 0 ? meeting.lastSeq - since : -1
      if (missed >= 0 && missed <= CATCH_UP_LIMIT) {
        for (const event of await readEventsSince(db, meetingId, Number(since), { identity, role }))
          socket.emit('event', event)
      } else socket.emit('snapshot', await readSnapshot(db, meeting, ticket))
      if (!socket.connected) return
      // What others here may still miss stays missing until it is told.
      if (!this.#toldUpTo.has(meetingId)) this.#toldUpTo.set(meetingId, meeting.lastSeq)
      await socket.join([
        rooms.all(meetingId),
        rooms.person(meetingId, identity),
        ...(isModerator(role) ? [rooms.moderators(meetingId)] : []),
        role === 'viewer' ? rooms.viewers(meetingId) : rooms.participants(meetingId),
      ])
    })
  }
}
