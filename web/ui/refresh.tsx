'use client'
import { useRefresh } from './use-refresh.ts'

/** Keeps a page that is drawn on the server up to date; see `useRefresh`. */
export function Refresh({ everyMs }: { everyMs: number }) {
  useRefresh(true, everyMs)
  return null
}
