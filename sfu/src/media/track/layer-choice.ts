/** Which simulcast or SVC layer a subscriber is given (adaptive stream). Pure. */

export interface TrackSettings {
  disabled: boolean
  /** 0 LOW, 1 MEDIUM, 2 HIGH. Counts only when width is 0. */
  quality: number
  width: number
  height: number
  /** 0: any. */
  fps: number
  /** 0: no preference, else 1 is served first (UpdateTrackSettings.priority). */
  priority: number
}

export const DEFAULT_SETTINGS: TrackSettings = {
  disabled: false,
  quality: 2,
  width: 0,
  height: 0,
  fps: 0,
  priority: 0,
}

/** A shared screen comes before every camera. */
const SCREEN_RANK = 255
/** Above all that is ranked by size. */
const LEAST_PRIORITY_RANK = 4
/** Wanted heights from which on a camera is the one somebody looks at, pixels. */
const LARGE_HEIGHT = 540
const MEDIUM_HEIGHT = 270

/**
 * Who is served first on a narrow link, 1..255: a shared screen, then the priority the client gave, then the size in which
 * it shows the picture, because few clients give a priority while all with adaptive stream tell the size.
 */
export function rankOf(settings: TrackSettings, isScreen: boolean): number {
  if (isScreen) return SCREEN_RANK
  if (settings.priority > 0) return Math.max(SCREEN_RANK - settings.priority, LEAST_PRIORITY_RANK)
  return settings.height >= LARGE_HEIGHT ? 3 : settings.height >= MEDIUM_HEIGHT ? 2 : 1
}

/** A layer a tenth smaller than asked for is not worth the next one's bandwidth. */
const TOLERANCE = 0.9

/** Spatial layer for the settings, 0 = lowest; `layers` are the announced sizes, of which some may be missing. */
export function chooseSpatialLayer(
  settings: TrackSettings,
  spatialLayers: number,
  layers: readonly { quality: number; width: number; height: number }[],
): number {
  const highest = Math.max(spatialLayers - 1, 0)
  if (settings.width <= 0 && settings.height <= 0) return Math.min(Math.max(settings.quality, 0), highest)
  const sizes = layerSizes(spatialLayers, layers)
  if (sizes.length === 0) return highest
  const covering = sizes.findIndex(size => {
    // A portrait phone in a landscape tile is cropped or boxed: the side that is short in the picture decides.
    const isPortrait = size.height > size.width
    return isPortrait ? size.width >= settings.width * TOLERANCE : size.height >= settings.height * TOLERANCE
  })
  return covering < 0 ? highest : covering
}

/** Temporal layer for a wanted frame rate, undefined for all. Three layers halve the rate twice (L1T3). */
export function chooseTemporalLayer(fps: number): number | undefined {
  if (fps <= 0 || fps >= 24) return undefined
  return fps > 10 ? 1 : 0
}

/** One size a spatial layer, low first. Missing ones are halves of the next, as encoders do it. */
function layerSizes(
  spatialLayers: number,
  layers: readonly { width: number; height: number }[],
): { width: number; height: number }[] {
  const known = layers
    .filter(layer => layer.width > 0 && layer.height > 0)
    .toSorted((a, b) => a.width * a.height - b.width * b.height)
  const largest = known.at(-1)
  if (!largest) return []
  if (known.length === spatialLayers) return known
  return Array.from({ length: spatialLayers }, (_, i) => {
    const scale = 2 ** (spatialLayers - 1 - i)
    return { width: largest.width / scale, height: largest.height / scale }
  })
}
