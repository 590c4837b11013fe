/** Node's side of clapper-page.ts: pairs what was seen with what was heard, in a browser or in the native SDK. */
import { AudioStream, RoomEvent, TrackKind, VideoBufferType, VideoStream } from '@livekit/rtc-node'
import { eventually } from '../../../testing/eventually.ts'
import type { NativePeer } from '../../../testing/native-peer.ts'
import type { ClapMarks } from './clapper-page.ts'

export const CLAP_PERIOD_MS = 1_200
/** The median of so many claps counts. */
export const CLAPS = 5

/** For each flash how long after it the nearest beep was heard, ms; negative: before it. */
function offsetsOf({ flashes, beeps }: Pick<ClapMarks, 'flashes' | 'beeps'>): number[] {
  return flashes
    .map(flash => beeps.map(beep => beep - flash).sort((a, b) => Math.abs(a) - Math.abs(b))[0])
    .filter(offset => offset !== undefined && Math.abs(offset) < CLAP_PERIOD_MS / 2) as number[]
}

export const medianOf = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Claps seen and heard from now on. */
const marksSince = async (
  read: () => Promise<ClapMarks> | ClapMarks,
  seen: number,
): Promise<Pick<ClapMarks, 'flashes' | 'beeps'>> => {
  const { flashes, beeps } = await read()
  return { flashes: flashes.slice(seen), beeps }
}

/**
 * Waits for the median offset of the last claps to be under `limitMs`; resolves with all offsets seen meanwhile.
 * Playing in step is reached in steps of 80 ms a second, hence the patience.
 */
export async function expectInStep(
  read: () => Promise<ClapMarks> | ClapMarks,
  limitMs: number,
): Promise<number[]> {
  const seen = (await read()).flashes.length
  let offsets: number[] = []
  await eventually(
    async () => {
      offsets = offsetsOf(await marksSince(read, seen))
      const last = offsets.slice(-CLAPS)
      return last.length >= CLAPS && Math.abs(medianOf(last)) < limitMs
        ? null
        : `${offsets.length} claps, offsets ${offsets.map(Math.round).join(' ')} ms`
    },
    60_000,
    200,
  )
  return offsets
}

/** A page of either browser. */
interface ClapperPage {
  evaluate(run: (key: string) => ClapMarks, key: string): Promise<ClapMarks>
}

export const browserMarks = (page: ClapperPage, key: string) => (): Promise<ClapMarks> =>
  page.evaluate(name => window.clapper.marks(name), key)

/** Looks at and listens to everyone's camera and microphone in the native SDK. */
export function nativeMarks(peer: NativePeer): { read: () => ClapMarks; stop: () => Promise<void> } {
  const readers: { cancel(): Promise<void> }[] = []
  const marks: ClapMarks = { flashes: [], beeps: [] }
  peer.room.on(RoomEvent.TrackSubscribed, track => {
    if (track.kind === TrackKind.KIND_VIDEO) {
      let wasWhite = true
      void each(readers, new VideoStream(track), ({ frame }) => {
        const luma = frame.type === VideoBufferType.I420 ? frame : frame.convert(VideoBufferType.I420)
        const isWhite = luma.data[(luma.height >> 2) * luma.width + (luma.width >> 2)]! > 128
        if (isWhite && !wasWhite) marks.flashes.push(performance.now())
        wasWhite = isWhite
      })
    } else {
      let quietMs = 0
      void each(readers, new AudioStream(track, 48_000, 1), frame => {
        const isLoud = frame.data.some(sample => Math.abs(sample) > 3_000)
        if (isLoud && quietMs >= 300) marks.beeps.push(performance.now())
        quietMs = isLoud ? 0 : quietMs + (frame.samplesPerChannel / frame.sampleRate) * 1000
      })
    }
  })
  return {
    read: () => marks,
    stop: async () => {
      for (const reader of readers.splice(0)) await reader.cancel()
    },
  }
}

async function each<T>(
  readers: { cancel(): Promise<void> }[],
  stream: ReadableStream<T>,
  look: (value: T) => void,
): Promise<void> {
  const reader = stream.getReader()
  readers.push(reader)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    look(value)
  }
}
