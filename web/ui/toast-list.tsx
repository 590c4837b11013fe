'use client'
import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Toast as RadixToast } from 'radix-ui'
import { cx } from './lib/cx.ts'
import type { ShownToast } from './toast-message.ts'

const icons = { info: Info, ok: CircleCheck, warn: TriangleAlert, danger: CircleAlert }
const colours = { info: 'text-accent', ok: 'text-ok', warn: 'text-warn', danger: 'text-danger' }

/** The messages of a `ToastProvider`, drawn and read aloud; loaded after the page. */
export function ToastList({
  shown,
  onRemove,
}: {
  shown: readonly ShownToast[]
  onRemove: (key: number) => void
}) {
  const t = useTranslations('common.ui')
  return (
    <RadixToast.Provider label={t('notification')} swipeDirection="right">
      {shown.map(message => {
        const tone = message.tone ?? 'info'
        const Icon = icons[tone]
        return (
          <RadixToast.Root
            key={message.key}
            data-testid="toast"
            duration={message.durationMs ?? (tone === 'danger' ? 3_600_000 : 6000)}
            type={tone === 'danger' || tone === 'warn' ? 'foreground' : 'background'}
            onOpenChange={isOpen => !isOpen && onRemove(message.key)}
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
      <RadixToast.Viewport
        label={`${t('notification')} ({hotkey})`}
        className="fixed right-0 bottom-16 z-50 flex w-full flex-col gap-2 p-4 outline-none sm:bottom-0 sm:max-w-md"
      />
    </RadixToast.Provider>
  )
}
