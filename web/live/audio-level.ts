/** Root mean square of samples in -1..1, as 0..1. */
export function rms(samples: Float32Array): number {
  if (samples.length === 0) return 0
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return Math.sqrt(sum / samples.length)
}

/** How full a level meter of 0..1 should be: 60 dB of range, so that quiet speech shows too. */
export const meterLevel = (value: number): number =>
  value <= 0 ? 0 : Math.min(1, Math.max(0, (20 * Math.log10(value) + 60) / 60))

/** A microphone that delivers less than this (RMS) for a while is dead or muted in hardware, not in a quiet room. */
export const SILENCE_RMS = 0.0003

/**
 * Calls `handleLevel` with the RMS of `track` about every `intervalMs` until the returned function is called.
 * Does nothing where Web Audio is missing.
 */
export function watchLevel(
  track: MediaStreamTrack,
  handleLevel: (level: number) => void,
  intervalMs = 60,
): () => void {
  if (typeof AudioContext === 'undefined') return () => {}
  const context = new AudioContext()
  const source = context.createMediaStreamSource(new MediaStream([track]))
  const analyser = context.createAnalyser()
  // All that was heard since the last look, not a glimpse of it (Web Audio: a power of two, 32768 at most).
  const samplesBetween = (intervalMs / 1000) * context.sampleRate
  analyser.fftSize = Math.min(32_768, 2 ** Math.ceil(Math.log2(Math.max(samplesBetween, 1024))))
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const timer = setInterval(() => {
    // A context made before the first click starts suspended; it may run as soon as there was one.
    if (context.state === 'suspended') void context.resume().catch(() => {})
    analyser.getFloatTimeDomainData(samples)
    handleLevel(rms(samples))
  }, intervalMs)
  return () => {
    clearInterval(timer)
    source.disconnect()
    void context.close().catch(() => {})
  }
}
