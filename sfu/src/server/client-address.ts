import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { TrustedProxies } from '../config.ts'
import { plainAddress } from '../ip-networks.ts'

type Request = Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } }

/**
 * The client's address: of the socket, or X-Forwarded-For's word when a trusted proxy sent it. The header is read from its
 * end, because each proxy appends whom it heard; entries of trusted proxies are passed over, and the first other one is
 * the client. What stands before that, the client may have invented. With 'any' the last entry counts. An entry that is
 * no address (a proxy may write `unknown`) ends the search at the proxy that wrote it.
 */
export function addressOf(request: Request, trusted: TrustedProxies): string {
  const direct = plainAddress(request.socket.remoteAddress ?? '')
  const isProxy = (address: string) => trusted !== 'any' && trusted.some(network => network.has(address))
  if (!isFromProxy(request, trusted)) return direct || 'unknown'
  const header = request.headers['x-forwarded-for'] ?? ''
  const hops = [header].flat().join(',').split(',').reverse()
  let nearest = direct
  for (const hop of hops) {
    const address = plainAddress(hop.trim())
    if (isIP(address) === 0) break
    nearest = address
    if (!isProxy(address)) break
  }
  return nearest || 'unknown'
}

/** Whether a trusted proxy sent this, so that its X-Forwarded headers count. */
export function isFromProxy(request: Request, trusted: TrustedProxies): boolean {
  const direct = plainAddress(request.socket.remoteAddress ?? '')
  return trusted === 'any' || trusted.some(network => network.has(direct))
}
