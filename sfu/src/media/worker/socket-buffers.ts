import { readFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { SOCKET_BUFFER_BYTES } from './pooled-worker.ts'

/**
 * Linux cuts the size asked for a socket's buffers to these without a word. Too small ones lose packets in bursts: to the media of
 * other nodes, which comes through few sockets, that is a picture broken for all viewers here. Warns once, at start.
 */
export async function warnOfSmallBuffers(logger: Logger, directory = '/proc/sys/net/core'): Promise<void> {
  const [receiveBytes, sendBytes] = await Promise.all([
    limitOf(`${directory}/rmem_max`),
    limitOf(`${directory}/wmem_max`),
  ])
  if (receiveBytes >= SOCKET_BUFFER_BYTES && sendBytes >= SOCKET_BUFFER_BYTES) return
  logger.warn(
    { receiveBytes, sendBytes, wantedBytes: SOCKET_BUFFER_BYTES },
    'the system cuts socket buffers, and bursts of media will be lost: raise net.core.rmem_max and net.core.wmem_max',
  )
}

/** Bytes; infinite where there is no such limit to read. */
async function limitOf(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const bytes = Number.parseInt(text, 10)
  return Number.isNaN(bytes) ? Number.POSITIVE_INFINITY : bytes
}
