import type { Manifest, ManifestTrack } from '@diemcau/core/recording/manifest.ts'
import type { Rotation } from '@diemcau/core/recording/rotation.ts'
import { cleanLine } from '@diemcau/core/text/clean-text.ts'
import { GRID_TILES, gridRects, largeRect, PICTURE, type Rect, STRIP_TILES, stripRect } from './layouts.ts'
import { type SpeakerTurn, speakerTurns } from './speaker-timeline.ts'
import { uprightSize, type VideoRange, videoRanges } from './video-ranges.ts'

export interface Tile {
  rect: Rect
  /** Drawn in the lower left corner; empty: nothing is drawn. */
  name: string
  /** Null: there is no picture, only the name. */
  trackId: string | null
  /** A person's picture fills its tile; a screen, or a picture that is higher than wide, is shown whole. */
  fit: 'cover' | 'contain'
  /** Degrees clockwise by which the picture is turned before it is fitted. */
  rotation: Rotation
}

/** A stretch of the result whose arrangement does not change. Frames count from 0 at 25 a second. */
export interface Scene {
  firstFrame: number
  frames: number
  tiles: Tile[]
}

/** Longer scenes are cut, so that a composition that is interrupted has little to do again. */
const MAX_SCENE_FRAMES = 60 * PICTURE.fps
/** A shorter arrangement would only flicker: the one before it stays. */
const MIN_SCENE_FRAMES = 8

interface VideoSource {
  track: ManifestTrack
  ranges: VideoRange[]
}

/** Number of frames of the result: the recorded time, to the nearest frame, at least one. */
export const totalFrames = (lengthMs: number): number =>
  Math.max(1, Math.round((lengthMs * PICTURE.fps) / 1000))

const frameAt = (ms: number): number => Math.round((ms * PICTURE.fps) / 1000)

/** Turns the manifest into scenes that follow one another without a gap from frame 0 to `totalFrames`. Pure. */
export function planScenes(manifest: Manifest): Scene[] {
  const end = totalFrames(manifest.lengthMs)
  const sources = manifest.tracks
    .filter(track => track.kind === 'video')
    .map(track => ({ track, ranges: videoRanges(track) }))
  const turns = speakerTurns(manifest.speakers, manifest.lengthMs)
  const cuts = new Set<number>([0])
  for (const { ranges } of sources)
    for (const { fromMs, toMs } of ranges) cuts.add(frameAt(fromMs)).add(frameAt(toMs))
  for (const track of manifest.tracks)
    for (const { fromMs, toMs } of track.published) cuts.add(frameAt(fromMs)).add(frameAt(toMs))
  for (const { atMs } of turns) cuts.add(frameAt(atMs))
  for (const { atMs } of manifest.layouts) cuts.add(frameAt(atMs))
  const starts = [...cuts].filter(frame => frame >= 0 && frame < end).sort((a, b) => a - b)

  const scenes: Scene[] = []
  for (const [index, start] of starts.entries()) {
    const stop = starts[index + 1] ?? end
    // The middle of its first frame stands for the scene, so that rounding never decides.
    const atMs = ((start + 0.5) * 1000) / PICTURE.fps
    const tiles = arrange(manifest, sources, turns, atMs)
    const last = scenes.at(-1)
    const isFlicker = stop - start < MIN_SCENE_FRAMES && stop < end
    if (last && (isFlicker || isSame(last, tiles, sources, atMs))) last.frames += stop - start
    else scenes.push({ firstFrame: start, frames: stop - start, tiles })
  }
  return scenes.flatMap(split)
}

function split(scene: Scene): Scene[] {
  const parts = Math.ceil(scene.frames / MAX_SCENE_FRAMES)
  return Array.from({ length: parts }, (_, index) => ({
    tiles: scene.tiles,
    firstFrame: scene.firstFrame + index * MAX_SCENE_FRAMES,
    frames: Math.min(MAX_SCENE_FRAMES, scene.frames - index * MAX_SCENE_FRAMES),
  }))
}

/** A change of picture size or rotation needs a new scene even when every tile stays in its place. */
function isSame(last: Scene, tiles: Tile[], sources: readonly VideoSource[], atMs: number): boolean {
  if (JSON.stringify(last.tiles) !== JSON.stringify(tiles)) return false
  const before = ((last.firstFrame + 0.5) * 1000) / PICTURE.fps
  return tiles.every(tile => {
    const source = sources.find(({ track }) => track.trackId === tile.trackId)
    return !source || rangeAt(source, before) === rangeAt(source, atMs)
  })
}

const rangeAt = (source: VideoSource, atMs: number): VideoRange | undefined =>
  source.ranges.find(
    ({ fromMs, toMs }) => frameAt(fromMs) <= frameIndex(atMs) && frameIndex(atMs) < frameAt(toMs),
  )

/** A telephone held upright: filling a wide tile would leave a forehead of the person. */
function isUpright(range: VideoRange | undefined): boolean {
  if (!range) return false
  const { width, height } = uprightSize(range)
  return height > width
}

const frameIndex = (atMs: number): number => Math.floor((atMs * PICTURE.fps) / 1000)

/** What is shown at a moment. */
function arrange(
  manifest: Manifest,
  sources: readonly VideoSource[],
  turns: readonly SpeakerTurn[],
  atMs: number,
): Tile[] {
  const layout =
    manifest.layouts.findLast(entry => frameAt(entry.atMs) <= frameIndex(atMs))?.layout ?? 'speaker'
  const speakerId = turns.findLast(turn => frameAt(turn.atMs) <= frameIndex(atMs))?.participantId
  const live = sources.filter(source => rangeAt(source, atMs))
  const screen = live.findLast(({ track }) => track.source === 'screen_share')
  const cameras = live.filter(({ track }) => track.source !== 'screen_share')
  const present = presentParticipants(manifest, atMs)
  const speaks = speakerId !== undefined && present.has(speakerId)
  const isSpeaker = ({ track }: VideoSource) => track.participantId === speakerId
  const name = (participantId: string) =>
    cleanLine(
      manifest.participants.find(participant => participant.participantId === participantId)?.name ?? '',
    )
  const camera = (source: VideoSource, rect: Rect): Tile => ({
    rect,
    name: name(source.track.participantId),
    trackId: source.track.trackId,
    fit: isUpright(rangeAt(source, atMs)) ? 'contain' : 'cover',
    rotation: rangeAt(source, atMs)?.rotation ?? 0,
  })
  const placeholder = (participantId: string, rect: Rect): Tile => ({
    rect,
    name: name(participantId),
    trackId: null,
    fit: 'cover',
    rotation: 0,
  })

  if (screen) {
    // The speaker first, so that a voice has a face beside the screen.
    const strip = [...cameras.filter(isSpeaker), ...cameras.filter(source => !isSpeaker(source))]
    return [
      { ...camera(screen, largeRect(strip.length > 0)), fit: 'contain' },
      ...strip.slice(0, STRIP_TILES).map((source, index) => camera(source, stripRect(index))),
    ]
  }
  if (layout === 'grid') return arrangeGrid(cameras, present, speakerId, camera, placeholder)
  const large = cameras.find(isSpeaker)
  if (speaks && !large) {
    return [
      placeholder(speakerId, largeRect(cameras.length > 0)),
      ...cameras.slice(0, STRIP_TILES).map((source, index) => camera(source, stripRect(index))),
    ]
  }
  const main = large ?? cameras[0]
  if (!main) return placeholderGrid(present, placeholder)
  const rest = cameras.filter(source => source !== main)
  return [
    camera(main, largeRect(rest.length > 0)),
    ...rest.slice(0, STRIP_TILES).map((source, index) => camera(source, stripRect(index))),
  ]
}

function arrangeGrid(
  cameras: readonly VideoSource[],
  present: ReadonlySet<string>,
  speakerId: string | undefined,
  camera: (source: VideoSource, rect: Rect) => Tile,
  placeholder: (participantId: string, rect: Rect) => Tile,
): Tile[] {
  if (cameras.length === 0) return placeholderGrid(present, placeholder)
  const shown = cameras.slice(0, GRID_TILES)
  const speaker = cameras.find(({ track }) => track.participantId === speakerId)
  // In a large meeting whoever speaks is on the picture, in the last place.
  if (speaker && !shown.includes(speaker)) shown[GRID_TILES - 1] = speaker
  const withFace = new Set(shown.map(({ track }) => track.participantId))
  const faceless = [...present].filter(id => !withFace.has(id)).slice(0, GRID_TILES - shown.length)
  const rects = gridRects(shown.length + faceless.length)
  return [
    ...shown.map((source, index) => camera(source, rects[index]!)),
    ...faceless.map((id, index) => placeholder(id, rects[shown.length + index]!)),
  ]
}

function placeholderGrid(
  present: ReadonlySet<string>,
  placeholder: (participantId: string, rect: Rect) => Tile,
): Tile[] {
  const ids = [...present].slice(0, GRID_TILES)
  const rects = gridRects(ids.length)
  return ids.map((id, index) => placeholder(id, rects[index]!))
}

/** Participants who offer a track at the moment, in the order they were first seen. */
function presentParticipants(manifest: Manifest, atMs: number): Set<string> {
  const present = new Set<string>()
  for (const { participantId, published } of manifest.tracks)
    if (
      published.some(
        ({ fromMs, toMs }) => frameAt(fromMs) <= frameIndex(atMs) && frameIndex(atMs) < frameAt(toMs),
      )
    )
      present.add(participantId)
  return present
}
