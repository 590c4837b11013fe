/**
 * The floor's sockets: tickets in, events out. What a command does is in run-command.ts. Each portal tells its own sockets, in the
 * order of the database; portals only ring at one another's door when there is something to read.
 */

import { KeyedLimit } from '@diemcau/core/keyed-limit.ts'
import { clientAddress } from '@diemcau/core/net/client-address.ts'
import { networkOf } from '@diemcau/core/net/network-of.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import type { Server } from 'socket.io'
import { atPlace } from '../http/request-place.ts'
import { PortalBeat } from '../portals/portal-beat.ts'
import type { FloorBroadcaster, Runtime } from '../runtime.ts'
import { Absences } from './absences.ts'
import { ticketFault } from './end-rights.ts'
import { readEventsSince } from './floor-log.ts'
import { FloorPulse } from './floor-pulse.ts'
import type { FloorRow } from './floor-row.ts'
import { readSteadySnapshot } from './floor-snapshot.ts'
import { type FloorNamespace, type FloorSocket, FloorSockets, rooms } from './floor-sockets.ts'
import { LobbyPresence } from './lobby-presence.ts'
import { PublicVoice } from './public-voice.ts'
import { runCommand } from './run-command.ts'
import { SocketDoor } from './socket-door.ts'
import { verifyTicket } from './ticket.ts'
import { ViewerCounts } from './viewer-counts.ts'

/** Beyond this many missed events a snapshot is shorter. */
const CATCH_UP_LIMIT = 500
const COMMANDS_PER_SECOND = 5
const COMMAND_BURST = 20

export class FloorGateway implements FloorBroadcaster {
  readonly #runtime: Runtime
  readonly #namespace: FloorNamespace
  readonly #here: FloorSockets
  readonly #viewers: ViewerCounts
  readonly #isShared: boolean
  readonly #beat: PortalBeat
  readonly #pulse: FloorPulse
  /** By person: many sockets of one ticket share what one may do. */
  readonly #commands = new KeyedLimit(COMMAND_BURST, COMMANDS_PER_SECOND)
  readonly #publicVoice = new PublicVoice()
  readonly #door: SocketDoor
  readonly #lobby: LobbyPresence
  readonly #absences: Absences
  #isClosed = false

  /**
   * Attaches to `/meeting` and becomes the runtime's broadcaster.
   * @param options `graceMs`: how long somebody may be away and keep hand and floor. `door` is asked before each
   * handshake by whoever made `io`. `isShared`: its adapter reaches other portals. `pulseMs`: how often the database is
   * looked at for what they did.
   */
  constructor(
    runtime: Runtime,
    io: Server,
    options: { graceMs?: number; door?: SocketDoor; isShared?: boolean; pulseMs?: number } = {},
  ) {
    const { graceMs, door = new SocketDoor(), isShared = false, pulseMs } = options
    this.#runtime = runtime
    this.#door = door
    this.#isShared = isShared
    door.attach(io, request => this.#addressOf(request))
    this.#namespace = io.of('/meeting') as unknown as FloorNamespace
    const here = new FloorSockets(runtime, this.#namespace)
    this.#here = here
    this.#viewers = new ViewerCounts(
      id => here.viewersOf(id) + this.#beat.viewersElsewhere(id),
      (id, count) => this.#namespace.local.to(rooms.all(id)).emit('viewers', { count }),
    )
    this.#beat = new PortalBeat(
      runtime,
      () => here.viewers(),
      id => {
        if (here.has(id)) this.#viewers.changed(id)
      },
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
    this.#pulse = new FloorPulse(runtime, here, pulseMs)
    if (isShared) this.#listenToOthers()
    runtime.broadcaster = this
  }

  /** Connections, those without a ticket, and meetings that are served here. */
  get sockets(): { open: number; withoutTicket: number; meetings: number } {
    return {
      open: this.#namespace.sockets.size,
      withoutTicket: this.#door.waiting,
      meetings: this.#here.meetingCount,
    }
  }

  #listenToOthers(): void {
    const namespace = this.#namespace
    namespace.on('news', (meetingId, lastSeq) => void this.#here.tellUpTo(meetingId, lastSeq))
    namespace.on('lobby', (meetingId, identity, admitted) => this.#here.answer(meetingId, identity, admitted))
    namespace.on('close', meetingId => {
      // After what they are still to be told.
      void this.#runtime.queues.run(meetingId, async () => this.#here.close(meetingId))
    })
    namespace.on('judge', () => {
      this.#here.judge().catch(error => this.#runtime.log.warn({ err: error }, 'sockets were not judged'))
    })
  }

  #addressOf(request: object): string {
    return clientAddress(request as Parameters<typeof clientAddress>[0], this.#runtime.config.trustedProxies)
  }

  async publish(meetingId: string, rows: readonly FloorRow[], lastSeq: number): Promise<void> {
    await this.#here.tell(meetingId, rows, lastSeq)
    if (this.#isShared && rows.length > 0) this.#namespace.serverSideEmit('news', meetingId, lastSeq)
  }

  lobbyResult(meetingId: string, identity: string, admitted: boolean): void {
    this.#here.answer(meetingId, identity, admitted)
    if (this.#isShared) this.#namespace.serverSideEmit('lobby', meetingId, identity, admitted)
  }

  disconnect(meetingId: string, identity: string): void {
    const both = [rooms.person(meetingId, identity), rooms.lobby(meetingId, identity)]
    // Here first: over the adapter it would wait for Redis.
    this.#namespace.local.in(both).disconnectSockets(true)
    if (this.#isShared) this.#namespace.in(both).disconnectSockets(true)
  }

  closeMeeting(meetingId: string): void {
    this.#here.close(meetingId)
    if (this.#isShared) this.#namespace.serverSideEmit('close', meetingId)
  }

  async judgeSockets(): Promise<void> {
    if (this.#isShared) this.#namespace.serverSideEmit('judge')
    await this.#here.judge()
  }

  /** Idempotent. The sockets themselves are closed with their server. Resolves when this portal is off the list of those that live. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pulse.close()
    this.#absences.close()
    this.#lobby.close()
    this.#door.close()
    this.#viewers.close()
    await this.#beat.close()
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
      this.#here.answer(meetingId, identity, request.status === 'admitted')
  }

  /**
   * In the meeting's queue this portal broadcasts nothing between reading what was missed and joining the rooms, so that nothing
   * is lost, doubled or out of order; what another portal commits meanwhile is told after it.
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
      } else socket.emit('snapshot', await readSteadySnapshot(db, meeting, ticket))
      if (!socket.connected) return
      this.#here.begin(meetingId, meeting.lastSeq)
      await socket.join([
        rooms.all(meetingId),
        rooms.person(meetingId, identity),
        ...(isModerator(role) ? [rooms.moderators(meetingId)] : []),
        role === 'viewer' ? rooms.viewers(meetingId) : rooms.participants(meetingId),
      ])
    })
  }
}
