import type { DrainReport } from '@diemcau/core/contracts/node-report.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { Log } from './room/base/log.ts'
import type { Rooms } from './rooms-alone.ts'

type DrainedRooms = Pick<Rooms, 'drain' | 'takeAgain' | 'nowhereToGo'> & {
  registry: Pick<Rooms['registry'], 'figuresHere'>
}

/**
 * Leads people to other nodes without a stop, as administrators ask, and back: the same steps as before a stop (`Rooms.drain`), with the same
 * promises. Nothing of it is kept: a node that is started again takes newcomers.
 */
export class NodeDrain {
  readonly #rooms: DrainedRooms
  readonly #log: Log
  #state: DrainReport['state'] = 'none'
  /** Of the newest drain; what those before it come to is nobody's business. */
  #number = 0
  #isStopping = false

  constructor(rooms: DrainedRooms, log: Log) {
    this.#rooms = rooms
    this.#log = log
  }

  report(): DrainReport {
    const left = this.#rooms.registry
      .figuresHere()
      .reduce((sum, { connections, recorders }) => sum + connections + recorders, 0)
    return { state: this.#state, left, refusal: this.#refusal() ?? null }
  }

  /**
   * Answers at once; the way of it is in `report`. While it goes on it changes nothing; once it is over, those who did not go are asked again.
   * @throws AppError('failed_precondition') in words: nobody could take these people, or the node stops
   */
  begin(): DrainReport {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw new AppError('failed_precondition', refusal)
    if (this.#state !== 'going') void this.#run()
    return this.report()
  }

  /** Newcomers are welcome again; who has left does not come back for it. @throws AppError('failed_precondition') when the node stops */
  end(): DrainReport {
    if (this.#isStopping) throw new AppError('failed_precondition', STOPPING)
    if (this.#state !== 'none') this.#log.info({}, 'this node takes newcomers again')
    this.#number += 1
    this.#state = 'none'
    this.#rooms.takeAgain()
    return this.report()
  }

  /** The node stops, which drains it, too: nothing is begun and taken back any more. */
  refuse(): void {
    this.#isStopping = true
  }

  #refusal(): string | undefined {
    if (this.#isStopping) return STOPPING
    return this.#state === 'none' ? this.#rooms.nowhereToGo() : undefined
  }

  async #run(): Promise<void> {
    this.#number += 1
    const number = this.#number
    this.#state = 'going'
    this.#log.info({ left: this.report().left }, 'this node is drained: its people go to other nodes')
    await this.#rooms.drain()
    if (number !== this.#number) return
    this.#state = 'done'
    this.#log.info({ left: this.report().left }, 'this node is drained')
  }
}

const STOPPING = 'this node is stopping'
