import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { AppError } from '@diemcau/core/errors.ts'
import type { JobRegistry } from '../jobs/job-registry.ts'
import { parseRange } from './range.ts'

/**
 * GET and HEAD of a finished recording, with ranges for seeking; DELETE removes all files of it.
 * @throws AppError `not_found`, `recording_running`, `method_not_allowed`.
 */
export async function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  egressId: string,
  jobs: JobRegistry,
): Promise<void> {
  if (request.method === 'DELETE') {
    await jobs.remove(egressId)
    response.writeHead(204).end()
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new AppError('method_not_allowed', 'only GET, HEAD and DELETE are served here')
  const job = await jobs.get(egressId)
  // A file whose verdict is still open, or was bad, is not given out as the recording.
  if (!job.state.result) throw new AppError('not_found', 'the recording has no file (yet)')
  const path = job.folder.file
  const info = await stat(path).catch(() => null)
  if (!info) throw new AppError('not_found', 'the file of the recording is gone')

  const etag = `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`
  const headers = {
    'content-type': 'video/mp4',
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-store',
    'last-modified': info.mtime.toUTCString(),
    etag,
  }
  // A range of another version of the file would not fit to what the client has (RFC 9110 §13.1.5).
  const condition = request.headers['if-range']
  const isFresh = condition === undefined || condition === etag || condition === headers['last-modified']
  const range = parseRange(isFresh ? request.headers.range : undefined, info.size)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${info.size}` }).end()
    return
  }
  const { start, end } = range === 'all' ? { start: 0, end: info.size - 1 } : range
  response.writeHead(range === 'all' ? 200 : 206, {
    ...headers,
    'content-length': end - start + 1,
    ...(range === 'all' ? {} : { 'content-range': `bytes ${start}-${end}/${info.size}` }),
  })
  if (request.method === 'HEAD' || info.size === 0) {
    response.end()
    return
  }
  try {
    await pipeline(createReadStream(path, { start, end }), response)
  } catch (error) {
    // Players hang up whenever somebody seeks.
    if (!response.destroyed) throw error
  }
}
