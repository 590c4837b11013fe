import { useEffect, useState } from 'react'

/** How soon (ms) a part that could not be loaded is tried again. */
const RETRY_MS = 4_000

/**
 * A part of the page that comes after the first paint, so that what can be read is not kept waiting by what is large. Null
 * until it is there; `load` must be the same function at every call. Tried again for ever: the network may come back.
 */
export function useLate<T>(load: () => Promise<T>): T | null {
  const [part, setPart] = useState<{ loaded: T } | null>(null)
  useEffect(() => {
    let isGone = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const attempt = () => {
      load().then(
        loaded => {
          if (!isGone) setPart({ loaded })
        },
        (error: unknown) => {
          console.warn('A part of the page could not be loaded; trying again.', error)
          if (!isGone) timer = setTimeout(attempt, RETRY_MS)
        },
      )
    }
    attempt()
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [load])
  return part?.loaded ?? null
}
