import type {
  CommandResult,
  FloorClientToServer,
  FloorCommand,
  FloorEvent,
  FloorServerToClient,
} from '@diemcau/core/contracts/floor.ts'
import { io, type Socket } from 'socket.io-client'
import { applyEvent, applySnapshot, emptyFloor, type FloorState } from './floor-state.ts'
import { randomId } from './random-id.ts'
import { Store } from './store.ts'
import { UnansweredCommands } from './unanswered-commands.ts'

/** A command before it gets its id. */
export type NewCommand = FloorCommand extends infer C
  ? C extends FloorCommand
    ? Omit<C, 'commandId'>
    : never
  : never

const ANSWER_TIMEOUT_MS = 6000
const RETRY_MS = 1500

export type FloorSocket = Socket<FloorServerToClient, FloorClientToServer>

/**
 * Opens a socket of the namespace `/meeting`; `auth` is asked again at every connection.
 * @param origin of the portal; '' is the page's own, which is the only one browsers use.
 */
export const openFloorSocket = (auth: () => { ticket: string; since?: number }, origin = ''): FloorSocket =>
  io(`${origin}/meeting`, {
    path: '/socket.io/',
    // WebSocket first: one round trip less, and no sticky sessions; long polling where a proxy forbids it.
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    auth: answer => answer(auth()),
    reconnectionDelay: 400,
    reconnectionDelayMax: 3000,
    timeout: 6000,
    forceNew: true,
    autoConnect: false,
  })

/**
 * The live connection to the portal of one meeting. It heals by itself: socket.io reconnects, `since` brings what was
 * missed, what was not answered is sent again, and a refused ticket is renewed by `renewTicket`.
 */
export class FloorClient {
  readonly state = new Store<FloorState>(emptyFloor)
  readonly isConnected = new Store(false)
  /** Ids of own messages that are still on their way, with their text, oldest first. */
  readonly unsent = new Store<readonly { commandId: string; text: string }[]>([])
  readonly #unanswered = new UnansweredCommands()
  readonly #renewTicket: () => Promise<string | null>
  readonly #handleEvent: (event: FloorEvent) => void
  readonly #origin: string
  #socket: FloorSocket | null = null
  #ticket = ''
  #healedGapSeq = 0
  #expiry: ReturnType<typeof setTimeout> | undefined
  #reconnect: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  /**
   * @param renewTicket asked when the portal refuses the ticket; null when there is none to be had.
   * @param handleEvent receives each new event once, after the state has it.
   * @param origin see `openFloorSocket`.
   */
  constructor(
    renewTicket: () => Promise<string | null>,
    handleEvent: (event: FloorEvent) => void,
    origin = '',
  ) {
    this.#origin = origin
    this.#renewTicket = renewTicket
    this.#handleEvent = handleEvent
  }

  /** Connects with this ticket, or uses it from the next connection on. */
  connect(ticket: string): void {
    if (this.#isClosed) return
    this.#ticket = ticket
    if (this.#socket) {
      if (!this.#socket.connected) this.#socket.connect()
      return
    }
    const socket = openFloorSocket(() => {
      const { seq, isSynced } = this.state.get()
      return isSynced ? { ticket: this.#ticket, since: seq } : { ticket: this.#ticket }
    }, this.#origin)
    this.#socket = socket
    socket.on('connect', () => {
      this.isConnected.set(true)
      this.#flush()
    })
    socket.on('disconnect', reason => {
      this.isConnected.set(false)
      this.#unanswered.releaseAll()
      // socket.io does not come back by itself when the server closed the socket on purpose (a restart does that).
      if (reason === 'io server disconnect') this.#connectLater()
    })
    socket.on('connect_error', () => {
      this.isConnected.set(false)
      // `active` is false when the portal itself refused: the ticket is too old or the portal's key is new.
      if (!socket.active) void this.#renew()
    })
    socket.on('snapshot', snapshot => this.state.update(state => applySnapshot(state, snapshot)))
    socket.on('event', event => this.#apply(event))
    socket.on('viewers', notice => this.state.update(state => ({ ...state, viewers: notice.count })))
    socket.connect()
  }

  /** Sends now or as soon as there is a connection; settles with the portal's answer. */
  send(command: NewCommand): Promise<CommandResult> {
    const full = { ...command, commandId: randomId() } as FloorCommand
    const result = this.#unanswered.add(full)
    if (full.type === 'chat_send') {
      const { commandId, text } = full
      this.unsent.update(list => [...list, { commandId, text }])
      void result.then(() => this.unsent.update(list => list.filter(entry => entry.commandId !== commandId)))
    }
    this.#flush()
    return result
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#expiry)
    clearTimeout(this.#reconnect)
    this.#unanswered.close()
    this.#socket?.disconnect()
    this.#socket?.removeAllListeners()
    this.isConnected.set(false)
  }

  #apply(event: FloorEvent): void {
    const { state, outcome } = applyEvent(this.state.get(), event)
    const before = this.state.get().seq
    if (outcome === 'duplicate') return
    if (outcome === 'gap' && event.seq > this.#healedGapSeq) {
      // Ask for what is missing once, by coming back with the last number we have; the event comes again then.
      this.#healedGapSeq = event.seq
      if (before > 0) {
        this.#socket?.disconnect()
        this.#socket?.connect()
        return
      }
    }
    this.state.set(state)
    this.#handleEvent(event)
  }

  #flush(): void {
    const socket = this.#socket
    if (!socket?.connected) {
      clearTimeout(this.#expiry)
      this.#expiry = setTimeout(() => this.#expire(), RETRY_MS)
      return
    }
    for (const command of this.#unanswered.takeDue()) {
      socket.timeout(ANSWER_TIMEOUT_MS).emit('command', command, (error, result) => {
        if (!error) return this.#unanswered.settle(command.commandId, result)
        this.#unanswered.release(command.commandId)
        if (socket.connected) this.#flush()
      })
    }
  }

  #expire(): void {
    this.#unanswered.expire()
    if (!this.#isClosed && this.#unanswered.size > 0) this.#flush()
  }

  #connectLater(): void {
    clearTimeout(this.#reconnect)
    this.#reconnect = setTimeout(() => {
      if (!this.#isClosed) this.#socket?.connect()
    }, RETRY_MS)
  }

  async #renew(): Promise<void> {
    const ticket = await this.#renewTicket().catch(() => null)
    if (this.#isClosed) return
    if (ticket) this.#ticket = ticket
    this.#connectLater()
  }
}

/** Waits in the lobby until a moderator decides. `close` ends the waiting without an answer. */
export function waitInLobby(
  ticket: string,
  handleSettled: (outcome: 'admitted' | 'denied' | 'ask_again') => void,
): { close: () => void } {
  const socket = openFloorSocket(() => ({ ticket }))
  let connections = 0
  socket.on('lobby_result', result => handleSettled(result.admitted ? 'admitted' : 'denied'))
  socket.on('connect', () => {
    connections += 1
    // The answer may have been given while we were away.
    if (connections > 1) handleSettled('ask_again')
  })
  socket.on('disconnect', reason => {
    if (reason === 'io server disconnect') handleSettled('ask_again')
  })
  socket.on('connect_error', () => {
    if (!socket.active) handleSettled('ask_again')
  })
  socket.connect()
  return {
    close: () => {
      socket.removeAllListeners()
      socket.disconnect()
    },
  }
}
