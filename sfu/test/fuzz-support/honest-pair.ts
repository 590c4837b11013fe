import { eventually } from '../../../testing/eventually.ts'
import { NativePeer } from '../../../testing/native-peer.ts'
import type { RunningSfu } from '../../../testing/start-sfu.ts'

const SEND_EVERY_MS = 50
const LIMIT_MS = 30_000

/**
 * Two people in the room who mind their own business: one publishes picture and sound and sends numbered reliable data, the
 * other receives. Whatever a third does there, both must go on as if alone. Closed by the test.
 */
export class HonestPair {
  readonly #sfu: RunningSfu
  readonly #sender: NativePeer
  readonly #receiver: NativePeer
  readonly #timer: NodeJS.Timeout
  readonly #pids: number[]
  #sent = 0

  private constructor(sfu: RunningSfu, sender: NativePeer, receiver: NativePeer, pids: number[]) {
    this.#sfu = sfu
    this.#sender = sender
    this.#receiver = receiver
    this.#pids = pids
    this.#timer = setInterval(() => {
      this.#sent += 1
      void sender.send(`honest ${this.#sent}`, { reliable: true, topic: 'honest', to: ['honest-binh'] })
    }, SEND_EVERY_MS)
  }

  static async create(sfu: RunningSfu, room: string): Promise<HonestPair> {
    const binh = await NativePeer.join(sfu, { room, identity: 'honest-binh' })
    const an = await NativePeer.join(sfu, { room, identity: 'honest-an' })
    await an.publishMicrophone()
    await an.publishCamera({ width: 160, height: 120, fps: 10 })
    await eventually(() => (binh.from('honest-an').videoFrames > 0 ? null : 'no first picture'), LIMIT_MS)
    const pair = new HonestPair(sfu, an, binh, await sfu.workerPids())
    await pair.expectUnharmed()
    return pair
  }

  /**
   * Resolves when, from now on, new pictures, sound and data have arrived, and the process is as it was. Rejects when
   * something does not go on, data came out of order, twice or not at all, or the server logged a fault of its own.
   */
  async expectUnharmed(): Promise<void> {
    const reception = this.#receiver.from('honest-an')
    const before = { ...reception, data: this.#receiver.data.length }
    await eventually(async () => {
      const ended = this.#sender.disconnectedBy ?? this.#receiver.disconnectedBy
      if (ended !== undefined) return `disconnected by ${ended}`
      if (reception.videoFrames < before.videoFrames + 3) return 'the picture stands still'
      if (reception.loudFrames < before.loudFrames + 10) return 'the sound is gone'
      if (this.#receiver.data.length < before.data + 3) return 'data does not arrive'
      return null
    }, LIMIT_MS)
    const numbers = this.#receiver.data.filter(({ topic }) => topic === 'honest').map(({ text }) => text)
    for (const [index, text] of numbers.entries())
      if (text !== `honest ${index + 1}`) throw new Error(`data ${index + 1} was ${text}`)
    const health = await fetch(`${this.#sfu.url}/healthz`, { signal: AbortSignal.timeout(10_000) })
    if (!health.ok) throw new Error(`healthz says ${health.status}`)
    const pids = await this.#sfu.workerPids()
    if (`${pids}` !== `${this.#pids}`) throw new Error(`a worker died: ${this.#pids} → ${pids}`)
    // pino: 50 is error, 60 fatal. `unexpected rejection` and `unexpected error` are among them.
    const faults = this.#sfu.output.split('\n').filter(line => /"level":(50|60)/.test(line))
    if (faults.length > 0) throw new Error(`the server logged: ${faults.slice(0, 3).join('\n')}`)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([this.#sender.leave(), this.#receiver.leave()])
  }
}

/** Lines of info and above that the process wrote of one identity; what one bad input may add is bounded. */
export const loggedLines = (sfu: RunningSfu, identity: string): number =>
  sfu.output
    .split('\n')
    .filter(line => /"level":(30|40|50|60)/.test(line) && line.includes(`"identity":"${identity}"`)).length
