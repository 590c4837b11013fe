/** What publishers of the load tool send: a picture in three sizes and a voice, encoded by ffmpeg once and kept as frames. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../worker/cache.mjs'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { run, SetupError, withLock } from '../worker/run.mjs'

/** As livekit-client publishes a camera of 1280x720 (its presets h180, h360, h720), lowest first. */
export const LAYERS = [
  { rid: 'q', width: 320, height: 180, kbps: 160 },
  { rid: 'h', width: 640, height: 360, kbps: 450 },
  { rid: 'f', width: 1280, height: 720, kbps: 1700 },
] as const

export const SOUND = 'sound'
const FPS = 25
const SECONDS = 5

/** libvpx with the three temporal layers of browsers (0, 2, 1, 2), and one key frame: the first. */
const pictureArgs = (kbps: number) => {
  const share = (part: number) => Math.round(kbps * part)
  return (
    `-c:v libvpx -deadline realtime -cpu-used 16 -threads 2 -g 9999 -auto-alt-ref 0 -lag-in-frames 0 -error-resilient 1 ` +
    `-b:v ${kbps}k -minrate ${kbps}k -maxrate ${kbps}k -bufsize ${kbps}k -ts-parameters ts_number_layers=3:` +
    `ts_target_bitrate=${share(0.4)},${share(0.6)},${kbps}:ts_rate_decimator=4,2,1:ts_periodicity=4:ts_layer_id=0,2,1,2:ts_layering_mode=3`
  ).split(' ')
}

function ffmpegArgs(folder: string): string[] {
  const picture = `testsrc2=size=1280x720:rate=${FPS}:duration=${SECONDS}`
  const scaled = LAYERS.map(({ rid, width, height }) => `[in${rid}]scale=${width}:${height}[${rid}]`).join(
    ';',
  )
  const split = `[0:v]split=${LAYERS.length}${LAYERS.map(({ rid }) => `[in${rid}]`).join('')}`
  const voice = `sine=frequency=180:beep_factor=4:duration=${SECONDS},tremolo=f=4:d=0.8`
  return [
    ...'-hide_banner -loglevel error -nostdin -y -f lavfi -i'.split(' '),
    picture,
    ...['-f', 'lavfi', '-i', voice, '-filter_complex', `${split};${scaled}`],
    ...LAYERS.flatMap(({ rid, kbps }) => [
      '-map',
      `[${rid}]`,
      ...pictureArgs(kbps),
      join(folder, `${rid}.ivf`),
    ]),
    ...'-map 1:a -ac 1 -ar 48000 -c:a libopus -b:a 32k -vbr on -application voip -frame_duration 20'.split(
      ' ',
    ),
    join(folder, `${SOUND}.ogg`),
  ]
}

/**
 * Encodes the recordings unless that was done before; takes some ten seconds then.
 *
 * @param log receives progress, one line at a time
 * @returns the folder that loadMedia() takes
 * @throws SetupError when ffmpeg, or an encoder in it, is missing
 */
export async function ensureLoadMedia(log: (line: string) => void): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([ffmpegArgs(''), 1]))
    .digest('hex')
    .slice(0, 12)
  const folder = join(cacheDir(), '..', 'load-media', key)
  const last = join(folder, `${SOUND}.frames`)
  if (existsSync(last)) return folder
  mkdirSync(folder, { recursive: true })
  const waiting = () => log('another set-up is encoding the recordings; waiting for it')
  return await withLock(join(folder, 'lock'), waiting, async () => {
    if (existsSync(last)) return folder
    log('encoding what publishers send, once')
    const ffmpeg = process.env.FFMPEG_PATH || 'ffmpeg'
    await run(ffmpeg, ffmpegArgs(folder), {
      what: 'encoding VP8 and Opus with ffmpeg (it needs libvpx and libopus)',
      timeoutMs: 300_000,
    })
    for (const { rid } of LAYERS) keep(folder, rid, '.ivf', framesOfIvf)
    keep(folder, SOUND, '.ogg', framesOfOgg)
    return folder
  })
}

/**
 * Has the media clients read them, under the rids and SOUND.
 *
 * @param fps pictures a second, instead of those they were encoded for: with fewer the bit rate falls in proportion
 */
export async function loadMedia(clients: RtcClients, folder: string, fps = FPS): Promise<void> {
  const path = (name: string) => join(folder, `${name}.frames`)
  for (const { rid } of LAYERS)
    await clients.load({ name: rid, codec: 'vp8', periodUs: Math.round(1_000_000 / fps), path: path(rid) })
  await clients.load({ name: SOUND, codec: 'opus', periodUs: 20_000, path: path(SOUND) })
}

function keep(folder: string, name: string, from: string, frames: (file: Buffer) => Buffer[]): void {
  const source = join(folder, `${name}${from}`)
  const parts = frames(readFileSync(source)).flatMap(frame => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(frame.length)
    return [length, frame]
  })
  if (parts.length === 0) throw new SetupError(`ffmpeg has encoded nothing for ${name}`)
  writeFileSync(join(folder, `${name}.part`), Buffer.concat(parts))
  renameSync(join(folder, `${name}.part`), join(folder, `${name}.frames`))
  rmSync(source)
}

/** https://wiki.multimedia.cx/index.php/Duck_IVF: a header of 32 bytes, then frames after 12 bytes each. */
export function framesOfIvf(file: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 32; at + 12 <= file.length; ) {
    const length = file.readUInt32LE(at)
    frames.push(file.subarray(at + 12, at + 12 + length))
    at += 12 + length
  }
  return frames.filter(({ length }) => length > 0)
}

/** RFC 3533 section 6 and RFC 7845: packets by lacing, without the two headers; only those of one frame (RFC 6716 section 3.1). */
export function framesOfOgg(file: Buffer): Buffer[] {
  const packets: Buffer[] = []
  let open: Buffer[] = []
  for (let at = 0; at + 27 <= file.length && file.toString('latin1', at, at + 4) === 'OggS'; ) {
    const sizes = file.subarray(at + 27, at + 27 + file[at + 26]!)
    at += 27 + sizes.length
    for (const size of sizes) {
      open.push(file.subarray(at, at + size))
      at += size
      if (size === 255) continue
      packets.push(Buffer.concat(open))
      open = []
    }
  }
  return packets.slice(2).filter(packet => packet.length > 1 && (packet[0]! & 3) === 0)
}
