import type { ReactNode } from 'react'

export type ToastTone = 'info' | 'ok' | 'warn' | 'danger'
export interface ToastMessage {
  text: ReactNode
  tone?: ToastTone
  /** One thing to do about it, such as undoing. */
  action?: { label: string; onPress: () => void }
  /** Milliseconds; default 6000, danger stays until closed. */
  durationMs?: number
}
export interface ShownToast extends ToastMessage {
  key: number
}
