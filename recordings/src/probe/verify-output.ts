import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { AppError } from '@diemcau/core/errors.ts'
import { z } from 'zod'

const run = promisify(execFile)
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

const probed = z.object({
  format: z.object({ duration: z.coerce.number(), size: z.coerce.number() }),
  streams: z.array(
    z.object({
      codec_type: z.string(),
      codec_name: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
      duration: z.coerce.number().optional(),
      nb_frames: z.coerce.number().optional(),
    }),
  ),
})

/** What ffprobe and ffmpeg's detectors say of a file. Shares are 0..1 of its length. */
export interface OutputReport {
  durationMs: number
  sizeBytes: number
  video: { codec: string; width: number; height: number; durationMs: number; frames: number } | null
  audio: { codec: string; durationMs: number } | null
  blackShare: number
  frozenShare: number
  /** Mean and loudest level in dBFS; null when there is no sound at all. */
  meanDb: number | null
  maxDb: number | null
}

/** Describes a media file. @throws AppError('probe_failed') when it cannot be read. */
export async function describeOutput(options: {
  file: string
  ffmpegPath: string
  ffprobePath: string
  signal?: AbortSignal
}): Promise<OutputReport> {
  const { file, ffmpegPath, ffprobePath, signal } = options
  try {
    const { stdout } = await run(
      ffprobePath,
      ['-v', 'error', '-show_format', '-show_streams', '-of', 'json', file],
      { maxBuffer: MAX_OUTPUT_BYTES, signal },
    )
    const { format, streams } = probed.parse(JSON.parse(stdout))
    const video = streams.find(stream => stream.codec_type === 'video')
    const audio = streams.find(stream => stream.codec_type === 'audio')
    const filters = [
      ...(video ? ['-vf', 'fps=5,scale=320:-2,blackdetect=d=0.4:pix_th=0.08,freezedetect=n=0.0005:d=1'] : []),
      ...(audio ? ['-af', 'volumedetect'] : []),
    ]
    const { stderr } = await run(
      ffmpegPath,
      ['-nostdin', '-hide_banner', '-nostats', '-v', 'info', '-i', file, ...filters, '-f', 'null', '-'],
      { maxBuffer: MAX_OUTPUT_BYTES, signal },
    )
    const seconds = format.duration || 1
    return {
      durationMs: format.duration * 1000,
      sizeBytes: format.size,
      video: video
        ? {
            codec: video.codec_name ?? '',
            width: video.width ?? 0,
            height: video.height ?? 0,
            durationMs: (video.duration ?? format.duration) * 1000,
            frames: video.nb_frames ?? 0,
          }
        : null,
      audio: audio
        ? { codec: audio.codec_name ?? '', durationMs: (audio.duration ?? format.duration) * 1000 }
        : null,
      blackShare: sum(stderr, /black_duration:([\d.]+)/g) / seconds,
      frozenShare: frozenSeconds(stderr, format.duration) / seconds,
      meanDb: level(stderr, 'mean_volume'),
      maxDb: level(stderr, 'max_volume'),
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw new AppError('probe_failed', `the file cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** What was recorded, as far as the result must show it. */
export interface Expectation {
  lengthMs: number
  /** Share of the recorded time, 0..1, in which some camera or screen was there to be seen. */
  videoShare: number
  hasAudio: boolean
}

/** Half of what acceptance allows, so that a file that passes here passes there. */
const LENGTH_TOLERANCE_MS = 500
/** Digital silence; a quiet hall is far louder. */
const SILENCE_DB = -80

/**
 * What is wrong with a result. `faults` make a recording failed: no playable picture and sound of the right length, or a
 * black picture although there was one to show. `warnings` can have an innocent reason: nobody moved, nobody spoke.
 */
export function judgeOutput(
  report: OutputReport,
  expected: Expectation,
): { faults: string[]; warnings: string[] } {
  const faults: string[] = []
  const warnings: string[] = []
  if (!report.video) faults.push('there is no picture')
  if (!report.audio) faults.push('there is no sound')
  for (const [what, stream] of [
    ['file', report],
    ['picture', report.video],
    ['sound', report.audio],
  ] as const) {
    const offMs = stream ? stream.durationMs - expected.lengthMs : 0
    if (Math.abs(offMs) > LENGTH_TOLERANCE_MS)
      faults.push(`the ${what} is ${Math.round(Math.abs(offMs))} ms too ${offMs > 0 ? 'long' : 'short'}`)
  }
  const black = `black for ${percent(report.blackShare)} of its length`
  if (report.blackShare > 0.98 && expected.videoShare > 0.5) faults.push(`the picture is ${black}`)
  else if (report.blackShare > 0.2) warnings.push(`the picture is ${black}`)
  if (report.frozenShare > 0.9 && expected.videoShare > 0.5)
    warnings.push(`the picture stands still for ${percent(report.frozenShare)} of its length`)
  if (expected.hasAudio && (report.maxDb === null || report.maxDb < SILENCE_DB))
    warnings.push('there is nothing to be heard')
  return { faults, warnings }
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

const sum = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0)

/** freezedetect says the end of a freeze only when the picture moves again. */
function frozenSeconds(text: string, durationSeconds: number): number {
  const starts = [...text.matchAll(/freeze_start: ([\d.]+)/g)].map(match => Number(match[1]))
  const ended = sum(text, /freeze_duration: ([\d.]+)/g)
  const endCount = [...text.matchAll(/freeze_end/g)].length
  const open = starts.length > endCount ? durationSeconds - starts.at(-1)! : 0
  return ended + open
}

function level(text: string, name: string): number | null {
  const match = new RegExp(`${name}: (-?[\\d.]+|-inf) dB`).exec(text)
  return match ? (match[1] === '-inf' ? Number.NEGATIVE_INFINITY : Number(match[1])) : null
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message.slice(0, 500) : String(error)
