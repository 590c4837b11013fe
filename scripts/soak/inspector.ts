import { WebSocket } from 'ws'

interface Reply {
  id?: number
  error?: { message: string }
  result?: unknown
}
interface Evaluated {
  result: { objectId?: string; value?: unknown }
  exceptionDetails?: { text: string; exception?: { description?: string } }
}

const CALL_LIMIT_MS = 60_000

/**
 * Looks into a Node process that was started with `--inspect` (Chrome DevTools Protocol, domains Runtime and
 * HeapProfiler). The process stops for as long as a call takes. Closed by whoever made it.
 */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', data => {
      const reply = JSON.parse(String(data)) as Reply
      if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply)
    })
  }

  static async connect(port: number): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`)
    const [target] = (await response.json()) as { webSocketDebuggerUrl: string }[]
    if (target === undefined) throw new Error(`nothing to inspect on port ${port}`)
    const socket = new WebSocket(target.webSocketDebuggerUrl, { perMessageDeflate: false })
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve())
      socket.once('error', reject)
    })
    return new Inspector(socket)
  }

  /** Twice, because finalizers of the first round free more. */
  async collectGarbage(): Promise<void> {
    for (let round = 0; round < 2; round++) await this.#call('HeapProfiler.collectGarbage', {})
  }

  async evaluate<T>(expression: string): Promise<T> {
    return this.#value<T>(
      await this.#call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true }),
    )
  }

  /** Calls `body`, the text of a function, with the array of all objects alive in the process as its argument. */
  async overAllObjects<T>(body: string): Promise<T> {
    const group = 'census'
    const prototype = (await this.#call('Runtime.evaluate', {
      expression: 'Object.prototype',
      objectGroup: group,
    })) as Evaluated
    const found = (await this.#call('Runtime.queryObjects', {
      prototypeObjectId: prototype.result.objectId,
      objectGroup: group,
    })) as { objects: { objectId: string } }
    const counted = await this.#call('Runtime.callFunctionOn', {
      objectId: found.objects.objectId,
      functionDeclaration: `function () { return (${body})(this) }`,
      returnByValue: true,
      awaitPromise: true,
    })
    // What the protocol still holds would itself look like a leak.
    await this.#call('Runtime.releaseObjectGroup', { objectGroup: group })
    return this.#value<T>(counted)
  }

  close(): void {
    this.#socket.terminate()
  }

  #value<T>(answer: unknown): T {
    const { result, exceptionDetails } = answer as Evaluated
    if (exceptionDetails)
      throw new Error(
        `the inspected process: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`,
      )
    return result.value as T
  }

  #call(method: string, params: object): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`${method} was not answered within ${CALL_LIMIT_MS / 1000} s`))
      }, CALL_LIMIT_MS)
      this.#waiting.set(id, reply => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        if (reply.error) reject(new Error(`${method}: ${reply.error.message}`))
        else resolve(reply.result)
      })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }
}
