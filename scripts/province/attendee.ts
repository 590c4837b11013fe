/**
 * Somebody in the province's meeting without a browser: let in by the portal, on the floor by the browser's own client, its media
 * by the native load helper. When its connection is lost it comes back by itself, with a new token, as a page would.
 */
import { EventEmitter, once } from 'node:events'
import { FloorClient, openFloorSocket } from '../../web/live/floor-client.ts'
import { pause } from '../chaos/chaos-cluster.ts'
import type { Admitted, PortalDoor } from '../chaos/kills/portal-door.ts'
import type { Stretch } from '../chaos/kills/spans.ts'
import { LAYERS } from '../load/load-media.ts'
import { LoadParticipant, type PublishedStream } from '../load/load-participant.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'

const AGAIN_MS = 500
/** Somebody who is not let in for so long gives up. */
const LOBBY_MS = 120_000

/** Numbers of peers and streams that nobody had before. */
export class Numbers {
  #peer = 0
  #stream = 1
  /** Two: one to receive and one to send. */
  nextPeer(): number {
    this.#peer += 2
    return this.#peer - 2
  }
  /** Two: a sound and a picture. */
  nextStreams(): number {
    this.#stream += 2
    return this.#stream - 2
  }
}

export interface AttendeeOptions {
  door: PortalDoor
  clients: RtcClients
  numbers: Numbers
  isHall: boolean
  /** Speaks all the time; of a hall. */
  isTalking: boolean
  wants: (identity: string, kind: PublishedStream['kind']) => boolean
}

/** One of its connections. Times in milliseconds since 1970. */
export interface Coming {
  startedAt: number
  connectedAt: number
  peer: number
  /** What it publishes, once it does. */
  published: readonly PublishedStream[]
}

/** Emits nothing; `coming` is its newest connection. The caller closes it, which is idempotent. */
export class Attendee {
  readonly identity: string
  readonly floor: FloorClient
  readonly isHall: boolean
  readonly isTalking: boolean
  /** When it was in the room, as it knows itself. */
  readonly stays: Stretch[] = []
  /** Why it had to come back, each time. */
  readonly breaks: string[] = []
  readonly #options: AttendeeOptions
  #participant: LoadParticipant | undefined
  #coming: Coming | undefined
  #returning: Promise<void> | undefined
  #isClosing = false

  private constructor(options: AttendeeOptions, { identity, ticket }: Admitted) {
    this.identity = identity
    this.#options = options
    this.isHall = options.isHall
    this.isTalking = options.isTalking
    this.floor = new FloorClient(
      async () => (await options.door.enter()).ticket,
      () => {},
      options.door.origin,
    )
    this.floor.connect(ticket)
  }

  /** Through the lobby, if the portal says so, onto the floor. @throws Error when it is not let in */
  static async arrive(options: AttendeeOptions): Promise<Attendee> {
    return new Attendee(options, await letIn(options.door))
  }

  /** Into the media room. @throws Error when it cannot join or publish */
  async enterRoom(): Promise<void> {
    await this.#enter()
  }

  /** Undefined while it is not in. */
  get coming(): Coming | undefined {
    return this.#coming
  }

  /** Its media connection failed. */
  fail(reason: string): void {
    this.#participant?.close()
    if (this.#coming) this.#comeBack(reason)
  }

  /** Leaves the room; the floor stays open. Idempotent. */
  async leaveRoom(): Promise<void> {
    this.#isClosing = true
    await this.#returning
    this.#leave()
  }

  async close(): Promise<void> {
    await this.leaveRoom()
    this.floor.close()
  }

  #leave(): void {
    this.#participant?.close()
    this.#participant = undefined
    const stay = this.stays.at(-1)
    if (this.#coming && stay) stay.to = Date.now()
    this.#coming = undefined
  }

  async #enter(): Promise<void> {
    const { door, clients, numbers, isHall, isTalking, wants } = this.#options
    const { token, serverUrl } = await door.enter()
    const peer = numbers.nextPeer()
    const startedAt = Date.now()
    const { width, height } = LAYERS[0]
    const participant = await LoadParticipant.join({
      url: serverUrl,
      token,
      identity: this.identity,
      clients,
      peer,
      shown: { width, height, quality: 0 },
      wants,
    })
    let broken: string | undefined
    participant.on('broken', (error: Error) => {
      broken ??= error.message
      if (this.#participant === participant) this.fail(error.message)
    })
    const connectedAt = Date.now()
    try {
      if (isHall) {
        await participant.publishRecorded(numbers.nextStreams(), 1)
        participant.talk(isTalking)
      }
      if (broken !== undefined) throw new Error(broken)
    } catch (error) {
      participant.close()
      throw error
    }
    this.#participant = participant
    this.#coming = { startedAt, connectedAt, peer, published: participant.published }
    this.stays.push({ from: connectedAt, to: Number.POSITIVE_INFINITY })
  }

  #comeBack(reason: string): void {
    this.#leave()
    this.breaks.push(reason)
    this.#returning = (async () => {
      while (!this.#isClosing && this.#coming === undefined)
        try {
          await this.#enter()
        } catch {
          // Nobody is there, or the room does not take anybody yet.
          await pause(AGAIN_MS)
        }
    })()
  }
}

/** Asks to be let in, waits at the door where the portal says so, and asks again. @throws Error when it is refused */
export async function letIn(door: PortalDoor): Promise<Admitted> {
  const deadline = Date.now() + LOBBY_MS
  for (;;) {
    const answer = await door.ask()
    if (answer.status === 'admitted') return answer
    if (answer.status === 'refused') throw new Error(`was refused: ${answer.reason}`)
    if (Date.now() > deadline) throw new Error('nobody let it in')
    await settled(answer.ticket, door.origin)
  }
}

/** Resolves when a moderator has decided, or after a while: the answer may have been given before this end listened. */
async function settled(ticket: string, origin: string): Promise<void> {
  const decided = new EventEmitter()
  const socket = openFloorSocket(() => ({ ticket }), origin)
  socket.on('lobby_result', () => decided.emit('decided'))
  socket.on('connect_error', () => decided.emit('decided'))
  socket.connect()
  try {
    await Promise.race([once(decided, 'decided'), pause(5_000)])
  } finally {
    socket.removeAllListeners()
    socket.disconnect()
  }
}
