'use client'
import { useEffect, useRef, useState } from 'react'
import type { MediaView } from './media-room.ts'
import { type HeldSpeaker, holdSpeaker, SPEAKER_HOLD_MS } from './stage-plan.ts'

/** Who has the stage as speaker, without jumping at every word; null while nobody has spoken. */
export function useHeldSpeaker(media: MediaView, self: string | null): string | null {
  const [held, setHeld] = useState<HeldSpeaker>({ identity: null, sinceMs: 0 })
  const latest = useRef(held)
  useEffect(() => {
    const update = () => {
      const present = new Set(media.participants.map(participant => participant.identity))
      const next = holdSpeaker(latest.current, media.activeSpeakers, present, self, Date.now())
      if (next === latest.current) return
      latest.current = next
      setHeld(next)
    }
    update()
    // Once the hold is over somebody who still speaks takes the stage, even if no event comes then.
    const timer = setTimeout(update, SPEAKER_HOLD_MS)
    return () => clearTimeout(timer)
  }, [media, self])
  return held.identity
}
