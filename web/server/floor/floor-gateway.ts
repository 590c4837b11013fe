/** The floor's sockets: tickets in, events out. What a command does is in run-command.ts. */
import type { FloorClientToServer, FloorServerToClient } from '@diemcau/core/contracts/floor.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import type { Namespace, Server, Socket } from 'socket.io'
import { KeyedLimit } from '../keyed-limit.ts'
import type { FloorBroadcaster, Runtime } from '../runtime.ts'
import { appendToFloor, readEventsSince } from './floor-log.ts'
import type { FloorRow } from './floor-row.ts'
import { readSnapshot } from './floor-snapshot.ts'
import { runCommand } from './run-command.ts'
import { type Ticket, verifyTicket } from './ticket.ts'
import { ticketFault } from './ticket-fault.ts'
import { ViewerCounts } from './viewer-counts.ts'

type FloorNamespace = Namespace<
  FloorClientToServer,
  FloorServerToClient,
  Record<string, never>,
  { ticket: Ticket }
>
type FloorSocket = Socket<FloorClientToServer, FloorServerToClient, Record<string, never>, { ticket: Ticket }>

/** Beyond this many missed events a snapshot is shorter. */
const CATCH_UP_LIMIT = 500
/** A hand stays up through a reload or a lost link of this length. */
const HAND_GRACE_MS = 60_000
const COMMANDS_PER_SECOND = 5
const COMMAND_BURST = 20

const rooms = {
  all: (meetingId: string) => `all:${meetingId}`,
  moderators: (meetingId: string) => `mod:${meetingId}`,
  person: (meetingId: string, identity: string) => `one:${meetingId}:${identity}`,
  viewers: (meetingId: string) => `view:${meetingId}`,
  lobby: (meetingId: string, identity: string) => `lobby:${meetingId}:${identity}`,
}

export class FloorGateway implements FloorBroadcaster {
  readonly #runtime: Runtime
  readonly #namespace: FloorNamespace
  readonly #viewers: ViewerCounts
  /** By person: many sockets of one ticket share what one may do. */
  readonly #commands = new KeyedLimit(COMMAND_BURST, COMMANDS_PER_SECOND)
  readonly #handTimers = new Map<string, ReturnType<typeof setTimeout>>()
  #isClosed = false

  /** Attaches to `/meeting` and becomes the runtime's broadcaster. */
  constructor(runtime: Runtime, io: Server) {
    this.#runtime = runtime
    this.#namespace = io.of('/meeting') as unknown as FloorNamespace
    this.#viewers = new ViewerCounts(
      id => this.#namespace.adapter.rooms.get(rooms.viewers(id))?.size ?? 0,
      (id, count) => this.#namespace.to(rooms.all(id)).emit('viewers', { count }),
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
    runtime.broadcaster = this
  }

  publish(meetingId: string, rows: readonly FloorRow[]): void {
    for (const row of rows) {
      const target =
        row.audience === 'everyone'
          ? this.#namespace.to(rooms.all(meetingId))
          : this.#namespace.to(
              row.identity === null
                ? rooms.moderators(meetingId)
                : [rooms.moderators(meetingId), rooms.person(meetingId, row.identity)],
            )
      target.emit('event', row.event)
    }
  }

  lobbyResult(meetingId: string, identity: string, admitted: boolean): void {
    this.#namespace.to(rooms.lobby(meetingId, identity)).emit('lobby_result', { admitted })
  }

  disconnect(meetingId: string, identity: string): void {
    this.#namespace.in(rooms.person(meetingId, identity)).disconnectSockets(true)
  }

  /** Idempotent. The sockets themselves are closed with their server. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of this.#handTimers.values()) clearTimeout(timer)
    this.#handTimers.clear()
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
  }

  async #handleConnection(socket: FloorSocket): Promise<void> {
    const { ticket } = socket.data
    const person = rooms.person(ticket.meetingId, ticket.identity)
    socket.on('command', (command, ack) => {
      // The contract asks for an acknowledgement; a client that wants none still gets its command run.
      const answer: typeof ack = typeof ack === 'function' ? ack : () => {}
      if (ticket.kind === 'lobby') return answer({ ok: false, code: 'forbidden', message: 'still waiting' })
      if (!this.#commands.take(person))
        return answer({ ok: false, code: 'rate_limited', message: 'too many commands' })
      void runCommand(this.#runtime, ticket, command).then(answer)
    })
    if (ticket.kind === 'lobby') return await this.#handleLobbySocket(socket)
    await this.#catchUp(socket)
    this.#keepHand(ticket)
    if (ticket.role === 'viewer') this.#viewers.changed(ticket.meetingId)
    else this.#viewers.tell(ticket.meetingId, count => socket.emit('viewers', { count }))
    socket.on('disconnect', () => {
      if (ticket.role === 'viewer') this.#viewers.changed(ticket.meetingId)
      this.#lowerHandLater(ticket)
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
        const viewer = { identity, moderator: isModerator(role) }
        for (const event of await readEventsSince(db, meetingId, Number(since), viewer))
          socket.emit('event', event)
      } else socket.emit('snapshot', await readSnapshot(db, meeting, ticket))
      if (!socket.connected) return
      await socket.join([
        rooms.all(meetingId),
        rooms.person(meetingId, identity),
        ...(isModerator(role) ? [rooms.moderators(meetingId)] : []),
        ...(role === 'viewer' ? [rooms.viewers(meetingId)] : []),
      ])
    })
  }

  #keepHand(ticket: Ticket): void {
    const key = rooms.person(ticket.meetingId, ticket.identity)
    clearTimeout(this.#handTimers.get(key))
    this.#handTimers.delete(key)
  }

  #lowerHandLater({ meetingId, identity }: Ticket): void {
    const key = rooms.person(meetingId, identity)
    if (this.#isClosed || this.#namespace.adapter.rooms.has(key)) return
    clearTimeout(this.#handTimers.get(key))
    const lower = () => {
      this.#handTimers.delete(key)
      appendToFloor(this.#runtime, meetingId, async ({ tx, emit }) => {
        const { count } = await tx.raisedHandRow.deleteMany({ where: { meetingId, identity } })
        if (count > 0) emit({ type: 'hand_lowered', identity })
      }).catch(error => this.#runtime.log.warn({ meetingId, err: error }, 'hand not lowered'))
    }
    this.#handTimers.set(key, setTimeout(lower, HAND_GRACE_MS))
  }
}
