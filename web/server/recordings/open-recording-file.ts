import { AppError } from '@diemcau/core/errors.ts'
import { audit } from '../audit.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findRecording } from './get-recording.ts'
import { fetchRecordingFile } from './recording-file.ts'

const passedOn = ['content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified']

/**
 * The file as an HTTP answer, streamed through. The first request of a reading (no range, or one from byte 0) leaves
 * an audit row; the many ranges a player asks for afterwards do not.
 */
export async function openRecordingFile(
  actor: Actor,
  id: string,
  range: string | null,
  download: boolean,
): Promise<Response> {
  const runtime = getRuntime()
  const { row, view } = await findRecording(runtime.db, actor, id)
  if (row.location === null || row.status !== 'ready') throw new AppError('not_ready', 'no file yet')
  if (download ? !view.may.download : !view.may.play) throw new AppError('forbidden', 'not allowed')
  const source = await fetchRecordingFile(
    runtime,
    { location: row.location, meetingId: row.meetingId },
    range,
  )
  if (range === null || /^bytes=0-/.test(range))
    await audit(runtime.db, actor, {
      action: download ? 'recording.downloaded' : 'recording.played',
      subject: { type: 'recording', id },
      detail: { meetingId: row.meetingId },
    })
  const headers = new Headers({ 'content-type': 'video/mp4', 'cache-control': 'private, no-store' })
  for (const name of passedOn) {
    const value = source.headers.get(name)
    if (value) headers.set(name, value)
  }
  if (download)
    headers.set(
      'content-disposition',
      attachment(`${view.title} ${row.requestedAt.toISOString().slice(0, 10)}.mp4`),
    )
  return new Response(source.body, { status: source.status, headers })
}

/** RFC 6266 §4.3 and RFC 8187: the plain name for old clients, the true one in UTF-8. */
export function attachment(filename: string): string {
  const plain = filename
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll('đ', 'd')
    .replaceAll('Đ', 'D')
    .replaceAll(/[^\w. -]/g, '_')
  const encoded = encodeURIComponent(filename).replaceAll(
    /['()*!]/g,
    c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
