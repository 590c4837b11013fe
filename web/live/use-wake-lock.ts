'use client'
import { useEffect } from 'react'

/** Keeps the screen on while it is mounted and the page is visible, where the browser can (Screen Wake Lock). */
export function useWakeLock(): void {
  useEffect(() => {
    if (!('wakeLock' in navigator)) return
    let lock: WakeLockSentinel | null = null
    let isGone = false
    const acquire = async () => {
      if (document.visibilityState !== 'visible') return
      try {
        lock = await navigator.wakeLock.request('screen')
        if (isGone) await lock.release()
      } catch {
        // Refused on a low battery: the meeting goes on, the screen may sleep.
      }
    }
    void acquire()
    document.addEventListener('visibilitychange', acquire)
    return () => {
      isGone = true
      document.removeEventListener('visibilitychange', acquire)
      void lock?.release().catch(() => {})
    }
  }, [])
}
