'use client'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

/**
 * Asks the server for the page again every `everyMs` while `isOn` and the tab is looked at; what the reader has typed,
 * sorted or opened stays.
 */
export function useRefresh(isOn: boolean, everyMs: number): void {
  const router = useRouter()
  useEffect(() => {
    if (!isOn) return
    const refresh = () => {
      if (document.visibilityState === 'visible') router.refresh()
    }
    const timer = setInterval(refresh, everyMs)
    document.addEventListener('visibilitychange', refresh)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', refresh)
    }
  }, [isOn, everyMs, router])
}
