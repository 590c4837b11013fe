import { PICTURE, type Rect } from './layouts.ts'
import type { Scene, Tile } from './plan-scenes.ts'

/** Colours of an empty picture and of a tile without one. */
const BACKGROUND = '0x0b1220'
const PLACEHOLDER = '0x1e293b'

export interface SceneInputs {
  /** File of each tile, in the order of the scene's tiles; null: no picture. Timestamps are of the recording. */
  files: (string | null)[]
  /** File with the text of each tile, null: none. Texts go by file so that no name can mean anything to ffmpeg. */
  texts: (string | null)[]
  font: string
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
      `[${input}:v]setpts=PTS-${startSeconds}/TB,fps=${PICTURE.fps}:start_time=0,${fitted(tile)},setsar=1[t${input}]`,
      `[p${input}][t${input}]overlay=x=${tile.rect.x}:y=${tile.rect.y}:format=yuv420[p${input + 1}]`,
    )
    input += 1
  }
  const labels = scene.tiles.flatMap((tile, index) => {
    const file = inputs.texts[index]
    return file ? [label(tile, file, inputs.font, inputs.files[index] === null)] : []
  })
  graph.push(`[p${input}]${['null', ...labels].join(',')}[out]`)
  return [
    '-copyts',
    ...files.flatMap(file => ['-threads', String(inputs.threads), '-i', file]),
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

const seconds = (frames: number): number => frames / PICTURE.fps

function fitted({ rect, fit }: Tile): string {
  const size = `${rect.width}:${rect.height}`
  return fit === 'cover'
    ? `scale=${size}:force_original_aspect_ratio=increase:flags=bilinear,crop=${size}`
    : `scale=${size}:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bicubic,pad=${size}:-1:-1:color=${BACKGROUND}`
}

function label(tile: Tile, file: string, font: string, isPlaceholder: boolean): string {
  const { rect } = tile
  const size = fontSize(rect)
  const text = `drawtext=fontfile=${font}:textfile=${file}:expansion=none:fontcolor=white:fontsize=${size}`
  if (isPlaceholder)
    return `${text}:x=${rect.x}+(${rect.width}-text_w)/2:y=${rect.y}+(${rect.height}-text_h)/2`
  const border = Math.round(size / 3)
  const bottom = rect.y + rect.height - border * 2 - size
  return `${text}:x=${rect.x + border * 2}:y=${bottom}:box=1:boxcolor=black@0.55:boxborderw=${border}`
}

const fontSize = (rect: Rect): number => Math.max(14, Math.min(30, Math.round(rect.height / 22)))

/** A name shortened to what its tile can hold (a letter is about half as wide as it is high). */
export function labelText({ name, rect }: Tile): string {
  const most = Math.max(4, Math.floor((rect.width - 24) / (fontSize(rect) * 0.58)))
  const letters = [...name.normalize('NFC').replace(/\s+/g, ' ').trim()]
  return letters.length <= most ? letters.join('') : `${letters.slice(0, most - 1).join('')}…`
}
