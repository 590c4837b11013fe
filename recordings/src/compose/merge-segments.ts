import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { wallClockOf } from '@diemcau/core/recording/align-segments.ts'
import type { ManifestSegment, ManifestTrack } from '@diemcau/core/recording/manifest.ts'
import { cluster, simpleBlock } from '../matroska/format.ts'
import { parseSegment, readBlocks } from '../matroska/segment-reader.ts'

/** Blocks of one cluster lie within this; their relative time has 16 bits. */
const CLUSTER_MS = 5000

/**
 * Writes the part of a track between two times of the recording as one Matroska file whose timestamps are milliseconds
 * of the recording. Begins at the last key frame before `fromMs`, so that a decoder can show the first moment. Copies,
 * never decodes. A picture keeps its first size: what has another one belongs to another scene. Returns the number of frames written; 0 means there is no file worth opening.
 */
export async function mergeSegments(options: {
  folder: string
  track: ManifestTrack
  fromMs: number
  toMs: number
  output: string
}): Promise<number> {
  const { track, fromMs, toMs } = options
  const chosen = chooseSegments(track.segments, fromMs, toMs)
  if (chosen.length === 0) return 0
  const file = await open(options.output, 'w')
  let frames = 0
  let lastMs = -1
  try {
    for (const segment of chosen) {
      // One that has become unreadable since the manifest was made leaves a gap, not no recording at all.
      const bytes = await readFile(join(options.folder, segment.file)).catch(() => null)
      const read = bytes && parseSegment(bytes)
      if (!read) continue
      const wall = (relMs: number) => wallClockOf(segment.clock, relMs)
      const first =
        track.kind === 'video'
          ? Math.max(
              0,
              read.clusters.findLastIndex(
                ({ note, timestampMs }) => note.isKey && wall(timestampMs) <= fromMs,
              ),
            )
          : 0
      if (frames === 0) await file.appendFile(read.header)
      let blocks: Buffer[] = []
      let clusterMs = 0
      const out: Buffer[] = []
      const end = () => {
        if (blocks.length > 0) out.push(cluster(clusterMs, null, blocks))
        blocks = []
      }
      for (const readCluster of read.clusters.slice(first)) {
        for (const block of readBlocks(read, readCluster)) {
          let atMs = Math.round(wall(block.relMs))
          if (atMs > toMs) break
          if (atMs <= lastMs) {
            // Two clocks overlap where one was corrected. Sound of the overlap is left out; a picture may be needed
            // to decode the next one.
            if (track.kind === 'audio') continue
            atMs = lastMs + 1
          }
          if (blocks.length === 0 || atMs - clusterMs > CLUSTER_MS) {
            end()
            clusterMs = atMs
          }
          blocks.push(simpleBlock(atMs - clusterMs, block.isKey, block.data))
          lastMs = atMs
          frames += 1
        }
      }
      end()
      await file.appendFile(Buffer.concat(out))
    }
  } finally {
    await file.close()
  }
  return frames
}

/** Segments needed for a stretch: those that reach into it, and the one whose picture still stands at its beginning. */
function chooseSegments(
  segments: readonly ManifestSegment[],
  fromMs: number,
  toMs: number,
): ManifestSegment[] {
  const before = segments.findLastIndex(segment => segment.fromMs <= fromMs)
  const chosen = segments.filter(
    (segment, index) =>
      index >= before && segment.fromMs < toMs && (index === before || segment.toMs >= fromMs),
  )
  return chosen.filter(({ width, height }) => width === chosen[0]!.width && height === chosen[0]!.height)
}
