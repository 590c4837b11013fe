/**
 * Dynacast: tells a publisher which layers anybody wants. More is told at once, less only when it has lasted, because a
 * subscriber that scrolls would otherwise stop and start encoders.
 */
import type { TrackId } from '@diemcau/core/ids.ts'
import { SubscribedCodec, SubscribedQuality, SubscribedQualityUpdate, VideoQuality } from '@livekit/protocol'

/** As RoomMediaListener.onDemandChanged. */
export type Demand = { mimeType: string; maxSpatialLayer: number; spatialLayers: number }[]

const QUALITIES = [VideoQuality.LOW, VideoQuality.MEDIUM, VideoQuality.HIGH] as const

/**
 * The message for a demand. Layer n of the media side is quality n; whoever wants the top layer gets all qualities, so a
 * track of one layer is either wholly on or wholly off.
 */
export function qualityUpdateOf(trackSid: TrackId, demand: Demand): SubscribedQualityUpdate {
  const subscribedCodecs = demand.map(({ mimeType, maxSpatialLayer, spatialLayers }) => {
    const isAll = maxSpatialLayer >= spatialLayers - 1
    return new SubscribedCodec({
      codec: mimeType.toLowerCase().replace(/^video\//, ''),
      qualities: QUALITIES.map(
        (quality, layer) =>
          new SubscribedQuality({
            quality,
            enabled: maxSpatialLayer >= 0 && (isAll || layer <= maxSpatialLayer),
          }),
      ),
    })
  })
  return new SubscribedQualityUpdate({
    trackSid,
    subscribedCodecs,
    subscribedQualities: subscribedCodecs[0]?.qualities ?? [],
  })
}

/**
 * A demand that comes right after the answer to the track's offer can reach livekit-client before it knows the track, and is dropped
 * there: one for a codec that is not published yet is said again after these, ms.
 */
const REPEATS_MS = [1_000, 4_000]

interface Track {
  announced: Demand | undefined
  next: Demand
  timer: NodeJS.Timeout | undefined
  repeats: NodeJS.Timeout[]
}

export class Dynacast {
  readonly #downgradeMs: number
  readonly #tracks = new Map<TrackId, Track>()

  constructor(downgradeMs: number) {
    this.#downgradeMs = downgradeMs
  }

  /** `announce` is called with the demand to tell, now or later, and not at all when nothing changed for good. */
  update(trackId: TrackId, demand: Demand, announce: (demand: Demand) => void): void {
    const track = this.#tracks.get(trackId) ?? newTrack(demand)
    this.#tracks.set(trackId, track)
    track.next = demand
    if (isSame(track.announced, demand)) {
      clearTimeout(track.timer)
      track.timer = undefined
      return
    }
    const tell = () => {
      clearTimeout(track.timer)
      track.timer = undefined
      if (isSame(track.announced, track.next)) return
      const told = track.next
      track.announced = told
      announce(told)
      for (const timer of track.repeats) clearTimeout(timer)
      track.repeats = told.some(isAwaited)
        ? REPEATS_MS.map(delayMs => setTimeout(() => announce(told), delayMs))
        : []
    }
    if (isMore(track.announced, demand)) tell()
    else track.timer ??= setTimeout(tell, this.#downgradeMs)
  }

  remove(trackId: TrackId): void {
    const track = this.#tracks.get(trackId)
    clearTimeout(track?.timer)
    for (const timer of track?.repeats ?? []) clearTimeout(timer)
    this.#tracks.delete(trackId)
  }

  close(): void {
    for (const trackId of [...this.#tracks.keys()]) this.remove(trackId)
  }
}

const newTrack = (next: Demand): Track => ({ announced: undefined, next, timer: undefined, repeats: [] })

/** Wanted in a codec that the publisher does not send yet. */
const isAwaited = ({ spatialLayers, maxSpatialLayer }: Demand[number]) =>
  spatialLayers === 0 && maxSpatialLayer >= 0

const layerOf = (demand: Demand, mimeType: string): number =>
  demand.find(entry => entry.mimeType === mimeType)?.maxSpatialLayer ?? -1

const isAwaitedIn = (demand: Demand, mimeType: string): boolean =>
  demand.some(entry => entry.mimeType === mimeType && isAwaited(entry))

/** Before the first word a publisher sends all layers of what it publishes, so only another codec can be more. */
function isMore(announced: Demand | undefined, demand: Demand): boolean {
  if (!announced) return demand.some(isAwaited)
  return demand.some(
    entry =>
      entry.maxSpatialLayer > layerOf(announced, entry.mimeType) ||
      (isAwaited(entry) && !isAwaitedIn(announced, entry.mimeType)),
  )
}

/** An awaited codec was asked for with all layers; once it is there, less of it may be wanted. */
function isSame(announced: Demand | undefined, demand: Demand): boolean {
  if (!announced || announced.length !== demand.length) return false
  return demand.every(
    entry =>
      layerOf(announced, entry.mimeType) === entry.maxSpatialLayer &&
      isAwaitedIn(announced, entry.mimeType) === isAwaited(entry),
  )
}
