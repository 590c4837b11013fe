import { readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { END_TO_END_ENCRYPTED } from '@diemcau/core/contracts/capture.ts'
import { AppError, type AppErrorCode } from '@diemcau/core/errors.ts'
import type { Manifest } from '@diemcau/core/recording/manifest.ts'
import type { Logger } from 'pino'
import { compose } from '../compose/composer.ts'
import { videoRanges } from '../compose/video-ranges.ts'
import { describeOutput, type Expectation, judgeOutput } from '../probe/verify-output.ts'
import type { JobFolder } from '../store/job-store.ts'

/** Composes a recording's file and lets ffprobe judge it. @throws AppError with what is wrong; the material stays. */
export async function makeFile(options: {
  folder: JobFolder
  manifest: Manifest
  ffmpegPath: string
  ffprobePath: string
  threads: number
  nice: number
  signal: AbortSignal
  log: Logger
  onProgress: (percent: number) => void
}): Promise<{ durationMs: number; sizeBytes: number }> {
  const { folder, manifest, ffmpegPath, ffprobePath, signal, log, onProgress } = options
  const refused = refusalOf(manifest)
  if (refused) throw new AppError(refused, refused)
  const pidFile = join(folder.path, 'compose.pid')
  await endLeftOver(pidFile, folder.path)
  await compose({
    manifest,
    folder: folder.path,
    work: folder.work,
    output: folder.file,
    ffmpegPath,
    threads: options.threads,
    nice: options.nice,
    signal,
    log,
    onProgress,
    onProcess: pid => void writeFile(pidFile, String(pid)).catch(() => undefined),
  })
  const report = await describeOutput({ file: folder.file, ffmpegPath, ffprobePath, signal })
  const { faults, warnings } = judgeOutput(report, expectationOf(manifest))
  await writeFile(join(folder.path, 'report.json'), JSON.stringify({ report, faults, warnings }, null, 2))
  if (warnings.length > 0) log.warn({ egressId: manifest.egressId, warnings }, 'the recording looks odd')
  if (faults.length > 0) throw new AppError('bad_result', `the file is not good: ${faults.join('; ')}`)
  return { durationMs: Math.round(report.durationMs), sizeBytes: report.sizeBytes }
}

/**
 * A film of names on grey would be taken for a recording: where nothing was captured because everything was encrypted, it
 * fails with that code. Where only some tracks were, they are missing and named in the manifest.
 */
export function refusalOf(manifest: Manifest): AppErrorCode | undefined {
  const isNothing = manifest.tracks.every(track => track.segments.length === 0)
  const isEncrypted = manifest.tracks.some(track => track.problem === END_TO_END_ENCRYPTED)
  return isNothing && isEncrypted ? END_TO_END_ENCRYPTED : undefined
}

function expectationOf(manifest: Manifest): Expectation {
  const ranges = manifest.tracks
    .filter(track => track.kind === 'video')
    .flatMap(videoRanges)
    .sort((a, b) => a.fromMs - b.fromMs)
  let shownMs = 0
  let untilMs = 0
  for (const { fromMs, toMs } of ranges) {
    shownMs += Math.max(0, toMs - Math.max(fromMs, untilMs))
    untilMs = Math.max(untilMs, toMs)
  }
  return {
    lengthMs: manifest.lengthMs,
    videoShare: manifest.lengthMs > 0 ? shownMs / manifest.lengthMs : 0,
    hasAudio: manifest.tracks.some(track => track.kind === 'audio' && track.segments.length > 0),
  }
}

/**
 * Ends the ffmpeg of a process that was killed, which would write into the same scratch folder. Only where it can be
 * told that the process is ours (Linux: its working folder); elsewhere it ends by itself after its scene.
 */
async function endLeftOver(pidFile: string, folder: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  if (!Number.isInteger(pid) || pid <= 1) return
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
  if (!cwd.startsWith(folder)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the look and the signal.
  }
}
