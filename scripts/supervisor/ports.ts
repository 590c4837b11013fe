/** Says before anything is started which ports are taken, instead of five processes failing one after another. */
import { createSocket } from 'node:dgram'
import { createServer, isIPv6 } from 'node:net'

export interface WantedPort {
  port: number
  protocol: 'tcp' | 'udp'
  host: string
  /** The setting that changes it and what it is for, for the message. */
  setting: string
  purpose: string
}

function isFree({ port, protocol, host }: WantedPort): Promise<boolean> {
  return new Promise(resolve => {
    if (protocol === 'tcp') {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
      return
    }
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(true)))
  })
}

/** One line for each port in use. */
export async function findPortFaults(wanted: WantedPort[]): Promise<string[]> {
  const faults: string[] = []
  for (const one of wanted) {
    if (await isFree(one)) continue
    faults.push(`Port ${one.port}/${one.protocol} (${one.purpose}) is in use; free it or set ${one.setting}.`)
  }
  return faults
}
