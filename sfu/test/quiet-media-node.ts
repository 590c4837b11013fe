import pino from 'pino'
import { createMediaNode, type MediaNodeOptions } from '../src/media/media-node.ts'
import type { MediaNode } from '../src/room/base/ports.ts'

/** A media node of the loopback with real workers, which logs nothing, or as `further` says. The caller closes it. */
export const quietMediaNode = (
  firstMediaPort: number,
  workerCount: number,
  further: Partial<MediaNodeOptions> = {},
): Promise<MediaNode> =>
  createMediaNode({
    ...(process.env.MEDIASOUP_WORKER_BIN ? { workerBin: process.env.MEDIASOUP_WORKER_BIN } : {}),
    workerCount,
    workerPlacement: 'spread',
    listenAddress: '127.0.0.1',
    announcedAddresses: ['127.0.0.1'],
    firstMediaPort,
    logger: pino({ level: 'silent' }),
    ...further,
  })
