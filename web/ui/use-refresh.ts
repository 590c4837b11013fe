'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useTransition } from 'react'

/**
 * Asks the server for the page again every `everyMs` while `isOn` and the tab is looked at; what the reader has typed,
 * sorted or opened stays. While an answer is on its way it is not asked again: the new question would take its place, and what takes
 * longer than `everyMs` would never be shown.
 */
export function useRefresh(isOn: boolean, everyMs: number): void {
  const router = useRouter()
  const [isAsking, start] = useTransition()
  const asking = useRef(false)
  useEffect(() => {
    asking.current = isAsking
  }, [isAsking])
  useEffect(() => {
    if (!isOn) return
    const refresh = () => {
      if (document.visibilityState === 'visible' && !asking.current) start(() => router.refresh())
    }
    const timer = setInterval(refresh, everyMs)
    document.addEventListener('visibilitychange', refresh)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', refresh)
    }
  }, [isOn, everyMs, router])
}
