/** Judges a recording with ffprobe and ffmpeg, not with the product's own words about it. Test-only. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const FFMPEG = process.env.FFMPEG_PATH || 'ffmpeg'
const FFPROBE = process.env.FFPROBE_PATH || 'ffprobe'
const SAMPLE_RATE = 16_000

export interface RecordingFacts {
  durationS: number
  videoCodec: string
  audioCodec: string
  width: number
  height: number
  /** Seconds of black and of frozen picture. */
  blackS: number
  frozenS: number
  maxVolumeDb: number
}

const sumOf = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].reduce((sum, one) => sum + Number(one[1]), 0)

export async function probeRecording(file: string): Promise<RecordingFacts> {
  const { stdout } = await execute(FFPROBE, [
    '-v',
    'error',
    '-show_format',
    '-show_streams',
    '-of',
    'json',
    file,
  ])
  const { format, streams } = JSON.parse(stdout) as {
    format: { duration: string }
    streams: { codec_type: string; codec_name: string; width?: number; height?: number }[]
  }
  const video = streams.find(one => one.codec_type === 'video')
  const audio = streams.find(one => one.codec_type === 'audio')
  const { stderr } = await execute(
    FFMPEG,
    [
      '-hide_banner',
      '-i',
      file,
      '-vf',
      'blackdetect=d=0.5:pix_th=0.05,freezedetect=n=-60dB:d=2',
      '-af',
      'volumedetect',
      '-f',
      'null',
      '-',
    ],
    { maxBuffer: 32 * 1024 ** 2 },
  )
  return {
    durationS: Number(format.duration),
    videoCodec: video?.codec_name ?? '',
    audioCodec: audio?.codec_name ?? '',
    width: video?.width ?? 0,
    height: video?.height ?? 0,
    blackS: sumOf(stderr, /black_duration:([\d.]+)/g),
    frozenS: sumOf(stderr, /freeze_duration: ([\d.]+)/g),
    maxVolumeDb: Number(/max_volume: (-?[\d.]+) dB/.exec(stderr)?.[1] ?? -99),
  }
}

/** Times (s) at which a series rises through half of its range, at most one in `refractoryS`. */
function rises(series: { t: number; v: number }[], refractoryS: number): number[] {
  const values = series.map(one => one.v)
  const low = Math.min(...values)
  const middle = low + (Math.max(...values) - low) / 2
  const found: number[] = []
  let wasAbove = true
  for (const { t, v } of series) {
    const isAbove = v > middle
    if (isAbove && !wasAbove && t - (found.at(-1) ?? -1e9) > refractoryS) found.push(t)
    wasAbove = isAbove
  }
  return found
}

/** When the picture flashes and when the tone starts, in seconds of the recording. */
export async function findClaps(file: string): Promise<{ flashes: number[]; tones: number[] }> {
  const picture = await execute(
    FFMPEG,
    [
      '-v',
      'error',
      '-i',
      file,
      '-an',
      '-vf',
      'scale=160:-2,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-',
      '-f',
      'null',
      '-',
    ],
    { maxBuffer: 64 * 1024 ** 2 },
  )
  const frames = [...picture.stdout.matchAll(/pts_time:([\d.]+)\s+lavfi\.signalstats\.YAVG=([\d.]+)/g)]
  const sound = await execute(
    FFMPEG,
    [
      '-v',
      'error',
      '-i',
      file,
      '-vn',
      '-ac',
      '1',
      '-ar',
      String(SAMPLE_RATE),
      '-af',
      'aresample=async=1:first_pts=0',
      '-f',
      's16le',
      '-',
    ],
    { maxBuffer: 512 * 1024 ** 2, encoding: 'buffer' },
  )
  const windowSize = SAMPLE_RATE / 200
  const envelope: { t: number; v: number }[] = []
  for (let start = 0; start + windowSize * 2 <= sound.stdout.length / 2; start += windowSize) {
    let peak = 0
    for (let index = start; index < start + windowSize; index++) {
      peak = Math.max(peak, Math.abs(sound.stdout.readInt16LE(index * 2)))
    }
    envelope.push({ t: start / SAMPLE_RATE, v: peak })
  }
  return {
    flashes: rises(
      frames.map(one => ({ t: Number(one[1]), v: Number(one[2]) })),
      1,
    ),
    tones: rises(envelope, 1),
  }
}

/** Distance (s, sound minus picture) of each flash to its nearest tone, for those that have one within a second. */
export function clapDistances({ flashes, tones }: { flashes: number[]; tones: number[] }): number[] {
  return flashes.flatMap(flash => {
    const nearest = tones.reduce(
      (best, tone) => (Math.abs(tone - flash) < Math.abs(best - flash) ? tone : best),
      Number.POSITIVE_INFINITY,
    )
    return Math.abs(nearest - flash) < 1 ? [nearest - flash] : []
  })
}

/** When capture began, as the Egress API says it (ms since the epoch). */
export async function egressStartMs(stack: { sfuUrl: string }, roomName: string): Promise<number> {
  const { EgressClient } = await import('livekit-server-sdk')
  const [info] = await new EgressClient(stack.sfuUrl, 'devkey', 'secret').listEgress({ roomName })
  if (!info) throw new Error('The Egress API knows no recording of this room.')
  return Number(info.startedAt / 1_000_000n)
}
