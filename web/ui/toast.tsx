'use client'
import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Toast as RadixToast } from 'radix-ui'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { cx } from './lib/cx.ts'

export type ToastTone = 'info' | 'ok' | 'warn' | 'danger'
export interface ToastMessage {
  text: ReactNode
  tone?: ToastTone
  /** One thing to do about it, such as undoing. */
  action?: { label: string; onPress: () => void }
  /** Milliseconds; default 6000, danger stays until closed. */
  durationMs?: number
}
interface Shown extends ToastMessage {
  key: number
}

const ToastContext = createContext<((message: ToastMessage) => void) | null>(null)

/** `const toast = useToast(); toast({ text, tone })`. For things that happened; faults of a form stay in the form. */
export function useToast(): (message: ToastMessage) => void {
  const show = useContext(ToastContext)
  if (!show) throw new Error('useToast needs a ToastProvider above it')
  return show
}

const icons = { info: Info, ok: CircleCheck, warn: TriangleAlert, danger: CircleAlert }
const colours = { info: 'text-accent', ok: 'text-ok', warn: 'text-warn', danger: 'text-danger' }
let nextKey = 1

/** Stands once at the top of the page and shows at most four messages, newest last. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const t = useTranslations('common.ui')
  const [shown, setShown] = useState<Shown[]>([])
  const show = useCallback((message: ToastMessage) => {
    setShown(before => [...before.slice(-3), { ...message, key: nextKey++ }])
  }, [])
  const remove = (key: number) => setShown(before => before.filter(one => one.key !== key))
  return (
    <ToastContext value={useMemo(() => show, [show])}>
      <RadixToast.Provider label={t('notification')} swipeDirection="right">
        {children}
        {shown.map(message => {
          const tone = message.tone ?? 'info'
          const Icon = icons[tone]
          return (
            <RadixToast.Root
              key={message.key}
              duration={message.durationMs ?? (tone === 'danger' ? 3_600_000 : 6000)}
              type={tone === 'danger' || tone === 'warn' ? 'foreground' : 'background'}
              onOpenChange={isOpen => !isOpen && remove(message.key)}
              className="flex animate-rise items-start gap-3 rounded-md border border-line bg-raised py-2 pr-2 pl-4 shadow-pop"
            >
              <Icon aria-hidden className={cx('mt-2.5 size-5 shrink-0', colours[tone])} />
              <RadixToast.Description className="min-w-0 flex-1 py-2">{message.text}</RadixToast.Description>
              {message.action && (
                <RadixToast.Action
                  altText={message.action.label}
                  onClick={message.action.onPress}
                  className="min-h-10 shrink-0 rounded-md px-3 font-medium text-accent hover:bg-accent-soft"
                >
                  {message.action.label}
                </RadixToast.Action>
              )}
              <RadixToast.Close
                aria-label={t('close')}
                className="flex size-10 shrink-0 items-center justify-center rounded-md text-muted hover:bg-sunken"
              >
                <X aria-hidden className="size-4" />
              </RadixToast.Close>
            </RadixToast.Root>
          )
        })}
        <RadixToast.Viewport className="fixed right-0 bottom-16 z-50 flex w-full flex-col gap-2 p-4 outline-none sm:bottom-0 sm:max-w-md" />
      </RadixToast.Provider>
    </ToastContext>
  )
}
