import { readFile } from 'node:fs/promises'
import type { SegmentFact } from '@diemcau/core/recording/align-segments.ts'
import { ID, readHead } from './ebml.ts'
import { type ClusterNote, clusterNote } from './format.ts'

export interface ReadCluster {
  /** Where the cluster begins in the file and how many bytes it has, head included. */
  offset: number
  length: number
  timestampMs: number
  note: ClusterNote
}

export interface ReadSegment {
  /** The bytes before the first cluster. */
  header: Buffer
  clusters: ReadCluster[]
  bytes: Buffer
}

/** Reads a file of SegmentWriter; a torn cluster at its end (the process was killed) is left out. Null without any. */
export function parseSegment(bytes: Buffer): ReadSegment | null {
  const clusters: ReadCluster[] = []
  let headerEnd = 0
  let offset = 0
  while (offset < bytes.length) {
    const head = readHead(bytes, offset)
    if (!head) break
    if (head.id === ID.segment) {
      offset = head.start
      continue
    }
    if (head.length === null || head.start + head.length > bytes.length) break
    const end = head.start + head.length
    if (head.id === ID.cluster) {
      const read = readCluster(bytes, offset, head.start, end)
      if (!read) break
      clusters.push(read)
    } else if (clusters.length === 0) headerEnd = end
    offset = end
  }
  if (clusters.length === 0) return null
  return { header: bytes.subarray(0, headerEnd), clusters, bytes }
}

function readCluster(bytes: Buffer, offset: number, start: number, end: number): ReadCluster | null {
  const time = readHead(bytes, start)
  if (!time || time.id !== ID.timestamp || time.length !== 8) return null
  const timestampMs = Number(bytes.readBigUInt64BE(time.start))
  const head = readHead(bytes, time.start + 8)
  if (!head || head.id !== ID.void || head.length === null) return null
  const text = bytes.toString('utf8', head.start, head.start + head.length)
  try {
    return { offset, length: end - offset, timestampMs, note: clusterNote.parse(JSON.parse(text)) }
  } catch {
    // Not a file of ours, or damaged: what came before it still counts.
    return null
  }
}

export interface ReadBlock {
  /** Within the file. */
  relMs: number
  isKey: boolean
  data: Buffer
}

/** The blocks of a cluster, in order. */
export function readBlocks(segment: ReadSegment, cluster: ReadCluster): ReadBlock[] {
  const blocks: ReadBlock[] = []
  const end = cluster.offset + cluster.length
  let offset = readHead(segment.bytes, cluster.offset)!.start
  while (offset < end) {
    const head = readHead(segment.bytes, offset)
    // A damaged length must not lead out of the cluster.
    if (!head || head.length === null || head.start + head.length > end) break
    if (head.id === ID.simpleBlock && head.length >= 4)
      blocks.push({
        relMs: cluster.timestampMs + segment.bytes.readInt16BE(head.start + 1),
        isKey: (segment.bytes[head.start + 3]! & 0x80) !== 0,
        data: segment.bytes.subarray(head.start + 4, head.start + head.length),
      })
    offset = head.start + head.length
  }
  return blocks
}

/** What the manifest needs to know of a file; null when there is no whole cluster in it. */
export async function readSegmentFact(path: string, file: string): Promise<SegmentFact | null> {
  const bytes = await readFile(path)
  const segment = parseSegment(bytes)
  if (!segment) return null
  const first = segment.clusters[0]!.note
  return {
    file,
    epoch: first.epoch,
    baseMs: first.baseMs,
    clusters: segment.clusters.map(({ timestampMs, note }) => ({
      relMs: timestampMs,
      lastMs: note.lastMs,
      clockMs: note.clockMs,
      rotation: note.rotation,
    })),
    frames: segment.clusters.reduce((sum, { note }) => sum + note.frames, 0),
    width: first.width,
    height: first.height,
    bytes: bytes.length,
  }
}
