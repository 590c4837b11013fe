import { AppError } from '@diemcau/core/errors.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { audit } from '../audit.ts'
import { localDate } from '../meetings/local-day.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findRecording } from './get-recording.ts'
import { fetchRecordingFile } from './recording-file.ts'

const passedOn = ['content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified']

/** Requests for parts within this time are one reading. */
const READING_MS = 10 * 60_000

/**
 * The file as an HTTP answer, streamed through. There is no link that works by itself: each request is judged by the
 * session it comes with. The right to download is the whole file, named, as an attachment; without it a player is served
 * the parts it asks for. What is played arrives on the viewer's machine and could be kept by somebody who sets about it:
 * the right says who may hand it on, it is no copy protection (docs/security.md). Every reading leaves an audit row, wherever in the file it begins; the
 * many ranges a player asks for afterwards do not.
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
  // A player asks for parts (RFC 9110 §14.2), whoever asks for all of it at once wants to keep it.
  if (range === null && !view.may.download)
    throw new AppError('forbidden', 'this recording is for watching: only parts of it are served')
  const source = await fetchRecordingFile(
    runtime,
    { location: row.location, meetingId: row.meetingId },
    range,
  )
  await auditReading(runtime.db, actor, row, {
    action: download ? 'recording.downloaded' : 'recording.played',
    isWhole: range === null,
  })
  const headers = new Headers({
    'content-type': 'video/mp4',
    'cache-control': 'private, no-store',
    'content-disposition': 'inline',
    'cross-origin-resource-policy': 'same-origin',
  })
  for (const name of passedOn) {
    const value = source.headers.get(name)
    if (value) headers.set(name, value)
  }
  if (download)
    headers.set(
      'content-disposition',
      attachment(`${view.title} ${localDate(row.requestedAt, runtime.config.timeZone)}.mp4`),
    )
  return new Response(source.body, { status: source.status, headers })
}

async function auditReading(
  tx: Tx,
  actor: Actor,
  row: { id: string; meetingId: string },
  reading: { action: string; isWhole: boolean },
): Promise<void> {
  const subject = { type: 'recording', id: row.id }
  if (!reading.isWhole) {
    const before = await tx.auditEntry.findFirst({
      where: {
        subjectType: subject.type,
        subjectId: subject.id,
        at: { gt: new Date(Date.now() - READING_MS) },
        actorId: actor.userId,
        action: reading.action,
      },
    })
    if (before) return
  }
  await audit(tx, actor, { action: reading.action, subject, detail: { meetingId: row.meetingId } })
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
