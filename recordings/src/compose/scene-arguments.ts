import type { Rotation } from '@diemcau/core/recording/rotation.ts'
import { PICTURE } from './layouts.ts'
import type { Scene, Tile } from './plan-scenes.ts'

/** Colours of an empty picture and of a tile without one. */
const BACKGROUND = '0x0b1220'
const PLACEHOLDER = '0x1e293b'

export interface SceneInputs {
  /** File of each tile, in the order of the scene's tiles; null: no picture. Timestamps are of the recording. */
  files: (string | null)[]
  /** Picture of the film's size with all names on nothing else; null: there are none. */
  labels: string | null
  output: string
  threads: number
}

/** Arguments of the ffmpeg run that makes one scene: exactly `scene.frames` frames of raw H.264. Pure. */
export function sceneArguments(scene: Scene, inputs: SceneInputs): string[] {
  const startSeconds = scene.firstFrame / PICTURE.fps
  const files = inputs.files.filter(file => file !== null)
  const graph: string[] = []
  const boxes = scene.tiles
    .filter((_, index) => inputs.files[index] === null)
    .map(
      ({ rect }) =>
        `,drawbox=x=${rect.x}:y=${rect.y}:w=${rect.width}:h=${rect.height}:color=${PLACEHOLDER}:t=fill`,
    )
  graph.push(
    `color=c=${BACKGROUND}:s=${PICTURE.width}x${PICTURE.height}:r=${PICTURE.fps}:d=${seconds(scene.frames)}` +
      `,format=yuv420p${boxes.join('')}[p0]`,
  )
  let input = 0
  for (const [index, tile] of scene.tiles.entries()) {
    if (inputs.files[index] === null) continue
    graph.push(
      `[${input}:v]setpts=PTS-${startSeconds}/TB,fps=${PICTURE.fps}:start_time=0,${TURNED[tile.rotation]}${fitted(tile)},setsar=1[t${input}]`,
      `[p${input}][t${input}]overlay=x=${tile.rect.x}:y=${tile.rect.y}:format=yuv420[p${input + 1}]`,
    )
    input += 1
  }
  graph.push(
    inputs.labels === null
      ? `[p${input}]null[out]`
      : `[p${input}][${input}:v]overlay=x=0:y=0:format=yuv420[out]`,
  )
  return [
    '-copyts',
    ...files.flatMap(file => ['-threads', String(inputs.threads), '-i', file]),
    ...(inputs.labels === null ? [] : ['-i', inputs.labels]),
    '-filter_complex',
    graph.join(';'),
    '-map',
    '[out]',
    '-frames:v',
    String(scene.frames),
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    '23',
    // Without B-frames the raw streams of all scenes can be put one after the other, frame by frame.
    '-bf',
    '0',
    '-g',
    String(PICTURE.fps * 2),
    '-pix_fmt',
    'yuv420p',
    '-threads',
    String(inputs.threads),
    '-f',
    'h264',
    inputs.output,
  ]
}

/** The picture as it was meant to be seen. */
const TURNED: Record<Rotation, string> = {
  0: '',
  90: 'transpose=clock,',
  180: 'hflip,vflip,',
  270: 'transpose=cclock,',
}

const seconds = (frames: number): number => frames / PICTURE.fps

function fitted({ rect, fit }: Tile): string {
  const size = `${rect.width}:${rect.height}`
  return fit === 'cover'
    ? `scale=${size}:force_original_aspect_ratio=increase:flags=bilinear,crop=${size}`
    : `scale=${size}:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bicubic,pad=${size}:-1:-1:color=${BACKGROUND}`
}
