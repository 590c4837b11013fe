/** A floor socket as the browser opens it, keeping what it was told. */
import { randomUUID } from 'node:crypto'
import type {
  CommandResult,
  FloorClientToServer,
  FloorEvent,
  FloorServerToClient,
  FloorSnapshot,
} from '@diemcau/core/contracts/floor.ts'
import { io, type Socket } from 'socket.io-client'

export class FloorClient {
  readonly events: FloorEvent[] = []
  readonly snapshots: FloorSnapshot[] = []
  readonly lobbyResults: boolean[] = []
  readonly viewers: number[] = []
  /** `event` or `snapshot`, in the order of arrival. */
  readonly order: string[] = []
  refusal: string | null = null
  readonly socket: Socket<FloorServerToClient, FloorClientToServer>

  constructor(url: string, ticket: string, since?: number) {
    this.socket = io(`${url}/meeting`, {
      path: '/socket.io/',
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth: since === undefined ? { ticket } : { ticket, since },
    })
    this.socket.on('event', event => {
      this.events.push(event)
      this.order.push(`event ${event.seq}`)
    })
    this.socket.on('snapshot', snapshot => {
      this.snapshots.push(snapshot)
      this.order.push('snapshot')
    })
    this.socket.on('lobby_result', ({ admitted }) => this.lobbyResults.push(admitted))
    this.socket.on('viewers', ({ count }) => this.viewers.push(count))
    this.socket.on('connect_error', error => {
      this.refusal = error.message
    })
  }

  /** Sends with a fresh id unless `commandId` is given. */
  send(command: Record<string, unknown>): Promise<CommandResult> {
    const full = { commandId: randomUUID(), ...command }
    return this.socket.timeout(10_000).emitWithAck('command', full as never) as Promise<CommandResult>
  }

  types(): string[] {
    return this.events.map(e => e.type)
  }

  /** What happened beside the speaking list, which tells of most of it once more. */
  typesBesideList(): string[] {
    return this.types().filter(type => !type.startsWith('speaking_'))
  }

  close(): void {
    this.socket.close()
  }
}
