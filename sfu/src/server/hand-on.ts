import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Where a client's signalling goes instead of being served here. */
export interface HandOn {
  host: string
  port: number
  /** Added to the request. */
  headers: Record<string, string>
  /** What is given is called when the way is to be cut at once; returns how to take that back. */
  onCut(cut: () => void): () => void
}

/**
 * Connects an upgrade to another node, which answers it; both ends live and die together. False when that node was not reached in
 * `timeoutMs`: then nothing was said to the client yet.
 */
export async function handOn(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  { host, port, headers, onCut }: HandOn,
  timeoutMs: number,
): Promise<boolean> {
  const node = await reach(host, port, timeoutMs)
  if (!node) return false
  const end = () => {
    forget()
    node.destroy()
    client.destroy()
  }
  const forget = onCut(end)
  for (const side of [node, client]) side.once('error', end).once('close', end)
  if (client.destroyed) end()
  node.setNoDelay(true)
  node.write(requestHead(request, headers))
  if (head.length > 0) node.write(head)
  node.pipe(client)
  client.pipe(node)
  return true
}

function reach(host: string, port: number, timeoutMs: number): Promise<Socket | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const fail = () => {
      socket.destroy()
      resolve(undefined)
    }
    const timer = setTimeout(fail, timeoutMs)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
    socket.once('close', () => clearTimeout(timer))
  })
}

/** As it came, but for headers of ours, which nobody else may bring along. */
function requestHead({ method, url, rawHeaders }: IncomingMessage, headers: Record<string, string>): string {
  const lines = [`${method ?? 'GET'} ${url ?? '/'} HTTP/1.1`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (!((rawHeaders[at] ?? '').toLowerCase() in headers))
      lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
