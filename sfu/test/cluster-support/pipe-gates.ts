/** Gates on the ways of media between nodes of one process: each end of a pair of pipes is told of a gate instead of the other end. */
import { UdpGate } from '../../../testing/udp-gate.ts'
import type { NodeLinks } from '../../src/cluster/links/node-links.ts'
import { packJson, packRoomWord, unpackRoomWord } from '../../src/cluster/node/room-words.ts'
import type { PipeAnswer, PipeOpen } from '../../src/media/link/pipe-messages.ts'

export class PipeGates {
  /** By the id of the pair. */
  readonly #gates = new Map<string, Promise<UdpGate>>()

  /** As `links`, but the ends of pipes that are opened by them are told of gates. */
  before(links: NodeLinks): NodeLinks {
    const call: NodeLinks['call'] = async (to, method, payload, options) => {
      if (method !== 'pipe.open') return await links.call(to, method, payload, options)
      const { sid, word } = unpackRoomWord(payload)
      const request = read<PipeOpen>(word)
      const { id, end } = request.pair
      const gate = await this.#gate(id)
      if (end) end.port = gate.standFor(0, end.port)
      const bytes = await links.call(to, method, packRoomWord(sid, packJson(request)), options)
      const answer = read<PipeAnswer>(bytes)
      if (!answer.refused) answer.end.port = gate.standFor(1, answer.end.port)
      return packJson(answer)
    }
    return new Proxy(links, {
      get: (target, name) => {
        if (name === 'call') return call
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  }

  async cut(): Promise<void> {
    for (const gate of await this.#all()) gate.cut()
  }

  async open(): Promise<void> {
    for (const gate of await this.#all()) gate.open()
  }

  /** Packets of all ways that were let through, and that were not. */
  async counts(): Promise<{ passed: number; dropped: number }> {
    const gates = await this.#all()
    const sum = (of: (gate: UdpGate) => number) => gates.reduce((total, gate) => total + of(gate), 0)
    return { passed: sum(({ passed }) => passed), dropped: sum(({ dropped }) => dropped) }
  }

  async close(): Promise<void> {
    for (const gate of await this.#all()) gate.close()
  }

  #all(): Promise<UdpGate[]> {
    return Promise.all(this.#gates.values())
  }

  #gate(id: string): Promise<UdpGate> {
    const known = this.#gates.get(id) ?? UdpGate.open()
    this.#gates.set(id, known)
    return known
  }
}

const read = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString()) as T
