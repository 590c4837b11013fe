'use client'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import type { ShownToast, ToastMessage } from './toast-message.ts'
import { useLate } from './use-late.ts'

const ToastContext = createContext<((message: ToastMessage) => void) | null>(null)

/** `const toast = useToast(); toast({ text, tone })`. For things that happened; faults of a form stay in the form. */
export function useToast(): (message: ToastMessage) => void {
  const show = useContext(ToastContext)
  if (!show) throw new Error('useToast needs a ToastProvider above it')
  return show
}

let nextKey = 1
const loadList = () => import('./toast-list.tsx')

/** Stands once at the top of the page and shows at most four messages, newest last. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<ShownToast[]>([])
  const list = useLate(loadList)
  const show = useCallback((message: ToastMessage) => {
    setShown(before => [...before.slice(-3), { ...message, key: nextKey++ }])
  }, [])
  const remove = (key: number) => setShown(before => before.filter(one => one.key !== key))
  return (
    <ToastContext value={useMemo(() => show, [show])}>
      {children}
      {list && shown.length > 0 && <list.ToastList shown={shown} onRemove={remove} />}
    </ToastContext>
  )
}
