import type { Logger } from 'pino'
import type { MediaNode } from '../room/ports.ts'

export interface MediaNodeOptions {
  /** Path of the mediasoup-worker binary; absent: the one mediasoup itself installed. */
  workerBin?: string
  /** At least 1; usually one a core. */
  workerCount: number
  /** Address the media sockets bind, e.g. '0.0.0.0'. */
  listenAddress: string
  /** Addresses written into ICE candidates, the preferred one first. At least one. */
  announcedAddresses: string[]
  /** Worker `i` uses UDP and TCP port `firstMediaPort + i`. */
  firstMediaPort: number
  logger: Logger
}

/** Starts the workers. The caller closes the node; rejects when a worker cannot start or a port is taken. */
export async function createMediaNode(_options: MediaNodeOptions): Promise<MediaNode> {
  throw new Error('not built yet')
}
