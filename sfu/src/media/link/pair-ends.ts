/** One end of a pair of pipe transports between two nodes: the same at home and where the tracks land. */
import { AppError } from '@diemcau/core/errors.ts'
import type { PipeTransport } from 'mediasoup/types'
import { closedWith } from '../worker/closed-with.ts'
import { SOCKET_BUFFER_BYTES } from '../worker/pooled-worker.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import type { PairEnd } from './pipe-messages.ts'

/** Where this node's pipes listen for other nodes. */
export interface PipeListen {
  /** This node's address as the other nodes reach it, and to which the sockets are bound: there is no NAT between nodes. */
  address: string
  /** UDP ports for all workers together, one for each pair of routers and end; apart from the clients' ports. */
  firstPort: number
  lastPort: number
}

/** One that is open, with the node at its other end. */
export interface PipeEnd {
  node: string
  transport: PipeTransport
}

const SUITE = 'AEAD_AES_256_GCM'

/** Lost packets are sent again on the way between hosts, or they would be lost to all viewers there. */
export async function openEnd({ router }: RoomRouter, listen: PipeListen): Promise<PipeTransport> {
  const making = router.createPipeTransport({
    listenInfo: {
      protocol: 'udp',
      ip: listen.address,
      portRange: { min: listen.firstPort, max: listen.lastPort },
      sendBufferSize: SOCKET_BUFFER_BYTES,
      recvBufferSize: SOCKET_BUFFER_BYTES,
    },
    enableSctp: false,
    enableRtx: true,
    enableSrtp: true,
  })
  return closedWith(router, await making)
}

/** What the other end has to know of this one. */
export function describeEnd(transport: PipeTransport): PairEnd {
  const { srtpParameters, tuple } = transport
  if (srtpParameters?.cryptoSuite !== SUITE)
    throw new AppError('internal', `a pipe with the suite ${srtpParameters?.cryptoSuite}`)
  return { address: tuple.localAddress, port: tuple.localPort, key: srtpParameters.keyBase64 }
}

/** May be called once a transport. */
export async function connectEnd(transport: PipeTransport, other: PairEnd): Promise<void> {
  await transport.connect({
    ip: other.address,
    port: other.port,
    srtpParameters: { cryptoSuite: SUITE, keyBase64: other.key },
  })
}
