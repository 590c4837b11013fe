/**
 * The way of UDP packets between two ports of the loopback that know each other only by the ports of this gate, which drops all of them while
 * it is cut. Works without privileges, unlike a packet filter.
 */
import { createSocket, type Socket } from 'node:dgram'

const HOST = '127.0.0.1'

export class UdpGate {
  /** What stands for one end in the eyes of the other. */
  readonly #stands: [Socket, Socket]
  /** Where the ends themselves are, 0 for as long as that is not known. */
  readonly #ends: [number, number] = [0, 0]
  #isCut = false
  /** Packets that were let through, and those that were not. */
  passed = 0
  dropped = 0

  private constructor(stands: [Socket, Socket]) {
    this.#stands = stands
    // What is sent to the one that stands for an end goes to that end, and comes from whoever stands for the sender.
    for (const side of [0, 1] as const)
      stands[side].on('message', packet => {
        const to = this.#ends[side]
        if (this.#isCut || to === 0) this.dropped += 1
        else {
          this.passed += 1
          stands[1 - side]?.send(packet, to, HOST)
        }
      })
  }

  static async open(): Promise<UdpGate> {
    const [first, second] = [await bound(), await bound()]
    return new UdpGate([first, second])
  }

  /** That end is at this port. @returns the port at which the other one has to think it is */
  standFor(side: 0 | 1, port: number): number {
    this.#ends[side] = port
    return this.#stands[side].address().port
  }

  cut(): void {
    this.#isCut = true
  }

  open(): void {
    this.#isCut = false
  }

  /** Once. */
  close(): void {
    for (const socket of this.#stands) socket.close()
  }
}

function bound(): Promise<Socket> {
  const socket = createSocket('udp4')
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, HOST, () => {
      // A port nobody listens at any more answers by ICMP.
      socket.off('error', reject).on('error', () => {})
      resolve(socket)
    })
  })
}
