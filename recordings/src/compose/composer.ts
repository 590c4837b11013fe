import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '@diemcau/core/errors.ts'
import type { Manifest, ManifestTrack } from '@diemcau/core/recording/manifest.ts'
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts'
import { paintLabels } from '../labels/paint-labels.ts'
import { audioArguments, muxArguments } from './audio-arguments.ts'
import { audioLanes } from './audio-lanes.ts'
import { PICTURE } from './layouts.ts'
import { mergeSegments } from './merge-segments.ts'
import { planScenes, type Scene, type Tile, totalFrames } from './plan-scenes.ts'
import { sceneArguments } from './scene-arguments.ts'

export interface ComposerLog {
  warn(fields: object, message: string): void
}

export interface ComposeOptions {
  manifest: Manifest
  /** Folder of the job, to which the manifest's files are relative. */
  folder: string
  /** Scratch folder; scenes found there from an interrupted run are used again. Removed at the end. */
  work: string
  output: string
  ffmpegPath: string
  threads: number
  nice: number
  signal: AbortSignal
  log: ComposerLog
  /** 0..100. */
  onProgress: (percent: number) => void
  /** Each ffmpeg started, so that a later run can end one that outlived us. */
  onProcess?: (pid: number) => void
}

/** The names of the scene at work. ffmpeg runs in the scratch folder, so that no path can mean anything to it. */
const LABELS = 'tmp-labels.png'

/** Shares of the progress: sound first, then the scenes, then putting together. */
const AUDIO_SHARE = 10
const VIDEO_SHARE = 87

/**
 * Makes the MP4 of a recording. Scene by scene, because arrangements and picture sizes change and a run of ffmpeg wants
 * them constant; scenes are raw H.264 of counted frames, so that their concatenation is exact to the frame. The sound
 * is mixed in one pass over the whole time.
 * @throws AppError of `runFfmpeg`.
 */
export async function compose(options: ComposeOptions): Promise<void> {
  const { manifest, work } = options
  await mkdir(work, { recursive: true })
  for (const name of await readdir(work)) if (name.startsWith('tmp-')) await rm(join(work, name))
  const scenes = planScenes(manifest)

  await composeAudio(options)
  options.onProgress(AUDIO_SHARE)

  const total = totalFrames(manifest.lengthMs)
  for (const [index, scene] of scenes.entries()) {
    const name = sceneFile(index, scene)
    const base = scene.firstFrame
    const report = (frames: number) =>
      options.onProgress(AUDIO_SHARE + ((base + frames) / total) * VIDEO_SHARE)
    if (!(await exists(join(work, name)))) await composeScene(options, scene, name, report)
    report(scene.frames)
  }
  await joinFiles(
    scenes.map((scene, index) => join(work, sceneFile(index, scene))),
    join(work, 'tmp-video.h264'),
  )
  await run(
    options,
    muxArguments({
      video: 'tmp-video.h264',
      audio: 'audio.mp4',
      fps: PICTURE.fps,
      output: 'tmp-recording.mp4',
    }),
  )
  await rename(join(work, 'tmp-recording.mp4'), options.output)
  await rm(work, { recursive: true, force: true })
}

/** The name says which frames it holds, so that a scene of another plan is never taken for it. */
const sceneFile = (index: number, scene: Scene): string =>
  `scene-${String(index).padStart(5, '0')}-${scene.firstFrame}-${scene.frames}.h264`

async function composeAudio(options: ComposeOptions): Promise<void> {
  const { manifest, work, folder } = options
  if (await exists(join(work, 'audio.mp4'))) return
  const files: string[] = []
  for (const track of audioLanes(manifest.tracks)) {
    const name = `tmp-audio-${files.length}.mkv`
    const merge = { folder, track, fromMs: 0, toMs: manifest.lengthMs, output: join(work, name) }
    if ((await mergeSegments(merge)) > 0) files.push(name)
  }
  await run(
    options,
    audioArguments({
      files,
      lengthMs: (totalFrames(manifest.lengthMs) * 1000) / PICTURE.fps,
      output: 'tmp-audio.mp4',
    }),
    ({ outTimeMs }) => options.onProgress((outTimeMs / Math.max(1, manifest.lengthMs)) * AUDIO_SHARE),
  )
  await rename(join(work, 'tmp-audio.mp4'), join(work, 'audio.mp4'))
  for (const name of files) await rm(join(work, name))
}

async function composeScene(
  options: ComposeOptions,
  scene: Scene,
  name: string,
  report: (frames: number) => void,
): Promise<void> {
  const { manifest, work } = options
  const files: (string | null)[] = []
  for (const [index, tile] of scene.tiles.entries())
    files.push(await mergeTile(options, scene, tile, `tmp-tile-${index}.mkv`))
  const draft = 'tmp-scene.h264'
  const attempt = async (tiles: (string | null)[]) => {
    const names = paintLabels(
      scene.tiles.map(({ name, rect }, index) => ({ name, rect, isPlaceholder: tiles[index] === null })),
    )
    if (names) await writeFile(join(work, LABELS), names)
    const args = sceneArguments(scene, {
      files: tiles,
      labels: names ? LABELS : null,
      output: draft,
      threads: options.threads,
    })
    const frames = await run(options, args, progress => report(progress.frames))
    if (frames !== scene.frames)
      throw new AppError('ffmpeg_failed', `scene has ${frames} frames instead of ${scene.frames}`)
  }
  try {
    await attempt(files)
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'ffmpeg_failed')) throw error
    // Damaged material of one moment must not cost the whole recording: names without pictures instead.
    options.log.warn(
      { egressId: manifest.egressId, scene: name, err: error },
      'scene made without its pictures',
    )
    await attempt(files.map(() => null))
  }
  await rename(join(work, draft), join(work, name))
  for (const file of files) if (file) await rm(join(work, file))
  await rm(join(work, LABELS), { force: true })
}

/** Writes the material of a tile; the file's name, or null when there is no picture for it. */
async function mergeTile(
  options: ComposeOptions,
  scene: Scene,
  tile: Tile,
  name: string,
): Promise<string | null> {
  const track: ManifestTrack | undefined = options.manifest.tracks.find(
    ({ trackId }) => trackId === tile.trackId,
  )
  if (!track) return null
  const frameMs = 1000 / PICTURE.fps
  const frames = await mergeSegments({
    folder: options.folder,
    track,
    // Half a frame inside, as the scene was planned: its neighbours may have pictures of another size.
    fromMs: (scene.firstFrame + 0.5) * frameMs,
    toMs: (scene.firstFrame + scene.frames - 0.5) * frameMs,
    output: join(options.work, name),
  })
  return frames > 0 ? name : null
}

function run(
  options: ComposeOptions,
  args: readonly string[],
  onProgress?: (progress: { frames: number; outTimeMs: number }) => void,
): Promise<number> {
  const { ffmpegPath, work, nice, signal, onProcess } = options
  return runFfmpeg({ ffmpegPath, args, cwd: work, nice, signal, onProgress, onStarted: onProcess })
}

async function joinFiles(parts: readonly string[], output: string): Promise<void> {
  const target = await open(output, 'w')
  try {
    for (const part of parts) for await (const chunk of createReadStream(part)) await target.appendFile(chunk)
  } finally {
    await target.close()
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
