import { useEffect, useState } from 'react'
import { type SpeechClock, speechClock } from './speaking-view.ts'

/** The clock of a speech, once a second by the portal's time. */
export function useSpeechClock(
  startedAt: string,
  untilAt: string | null,
  clockOffsetMs: number,
): SpeechClock {
  const [nowMs, setNowMs] = useState(() => Date.now() + clockOffsetMs)
  useEffect(() => {
    const tick = () => setNowMs(Date.now() + clockOffsetMs)
    tick()
    const timer = setInterval(tick, 500)
    return () => clearInterval(timer)
  }, [clockOffsetMs])
  return speechClock(startedAt, untilAt, nowMs)
}
