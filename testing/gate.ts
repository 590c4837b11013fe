/**
 * A TCP connection's way, which can be cut as a cable is: nothing passes and nobody is told. What had been sent arrives once the way is open
 * again, and connections that were ended meanwhile are found ended then. Works without privileges, unlike a packet filter.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Who came, as `sourceOf` of the gate names them; undefined where it is not known. */
type Source = string | undefined
type SourceOf = (port: number) => Promise<Source> | Source

export class Gate {
  readonly #server: Server
  readonly #ways = new Set<Way>()
  readonly #target: number
  readonly #sourceOf: SourceOf
  #isCut: (source: Source) => boolean = () => false

  private constructor(target: number, sourceOf: SourceOf) {
    this.#target = target
    this.#sourceOf = sourceOf
    this.#server = createServer({ pauseOnConnect: true }, socket => void this.#take(socket))
  }

  /**
   * @param target port on 127.0.0.1
   * @param sourceOf names who connects, by the port the connection comes from
   */
  static async to(target: number, sourceOf: SourceOf = () => undefined): Promise<Gate> {
    const gate = new Gate(target, sourceOf)
    await new Promise<void>((resolve, reject) => {
      gate.#server.once('error', reject)
      gate.#server.listen(0, '127.0.0.1', resolve)
    })
    return gate
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** From now on nothing passes from and to those; connections that come are taken, and go nowhere until `open`. */
  cut(isCut: (source: Source) => boolean = () => true): void {
    this.#isCut = isCut
    for (const way of this.#ways) if (isCut(way.source)) way.hold()
  }

  open(): void {
    this.#isCut = () => false
    for (const way of this.#ways) way.release()
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const way of this.#ways) way.end()
    await closed
  }

  async #take(near: Socket): Promise<void> {
    near.on('error', () => near.destroy())
    const source = await this.#sourceOf(near.remotePort ?? 0)
    const way = new Way(near, this.#target, source, () => this.#ways.delete(way))
    this.#ways.add(way)
    if (this.#isCut(source)) way.hold()
    else way.release()
  }
}

class Way {
  readonly source: Source
  readonly #near: Socket
  readonly #target: number
  readonly #onEnd: () => void
  #far: Socket | undefined
  #isHeld = false
  /** One end is gone, of which the other hears when the way is open. */
  #isOver = false

  constructor(near: Socket, target: number, source: Source, onEnd: () => void) {
    this.#near = near
    this.#target = target
    this.source = source
    this.#onEnd = onEnd
    near.on('close', () => this.#over())
  }

  hold(): void {
    this.#isHeld = true
    this.#near.pause()
    this.#far?.pause()
  }

  release(): void {
    this.#isHeld = false
    if (this.#isOver) {
      this.end()
      return
    }
    if (this.#far === undefined) this.#connect()
    this.#near.resume()
    this.#far?.resume()
  }

  end(): void {
    this.#isOver = true
    this.#near.destroy()
    this.#far?.destroy()
    this.#onEnd()
  }

  #connect(): void {
    const far = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    this.#far = far
    far.on('error', () => far.destroy())
    far.on('close', () => this.#over())
    this.#pass(this.#near, far)
    this.#pass(far, this.#near)
  }

  #over(): void {
    this.#isOver = true
    if (!this.#isHeld) this.end()
  }

  #pass(from: Socket, to: Socket): void {
    from.on('data', chunk => {
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => {
      if (!this.#isHeld) from.resume()
    })
    from.on('end', () => {
      if (!this.#isHeld) to.end()
    })
  }
}
