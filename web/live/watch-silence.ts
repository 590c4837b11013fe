import { SILENCE_RMS, watchLevel } from './audio-level.ts'

/** No sound at all for this long (ms) from an open microphone is a fault, not a pause. */
export const SILENCE_MS = 6_000
const LOOK_MS = 500

/**
 * Says whether the microphone has been silent for too long, until the returned function is called. `readTrack` is asked
 * again and again: livekit-client changes the track by itself when a device is chosen, unplugged or started anew, and
 * each track has a silence of its own.
 */
export function watchSilence(
  readTrack: () => MediaStreamTrack | null,
  handleSilence: (isSilent: boolean) => void,
  watch: typeof watchLevel = watchLevel,
): () => void {
  let track: MediaStreamTrack | null = null
  let unwatch = () => {}
  const follow = () => {
    const current = readTrack()
    if (current === track) return
    unwatch()
    unwatch = () => {}
    handleSilence(false)
    track = current
    if (!current) return
    let lastHeardMs = performance.now()
    unwatch = watch(
      current,
      level => {
        const nowMs = performance.now()
        if (level > SILENCE_RMS) lastHeardMs = nowMs
        handleSilence(nowMs - lastHeardMs > SILENCE_MS)
      },
      LOOK_MS,
    )
  }
  follow()
  const timer = setInterval(follow, LOOK_MS)
  return () => {
    clearInterval(timer)
    unwatch()
  }
}
