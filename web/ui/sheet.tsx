'use client'
import { X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Dialog as RadixDialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { cx } from './lib/cx.ts'
import { useReturnFocus } from './use-return-focus.ts'

/** A panel from the side (from below on phones) for details and menus; the page stays visible beside it. */
export function Sheet({
  open,
  onOpenChange,
  trigger,
  title,
  side = 'right',
  footer,
  children,
}: {
  open?: boolean
  onOpenChange?: (open: boolean) => void
  trigger?: ReactNode
  title: ReactNode
  side?: 'left' | 'right'
  footer?: ReactNode
  children: ReactNode
}) {
  const t = useTranslations('common.ui')
  const returnFocus = useReturnFocus()
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      {trigger && <RadixDialog.Trigger asChild>{trigger}</RadixDialog.Trigger>}
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 animate-fade bg-backdrop" />
        <RadixDialog.Content
          {...(trigger ? {} : returnFocus)}
          aria-describedby={undefined}
          className={cx(
            'fixed z-40 flex animate-rise flex-col bg-raised shadow-pop',
            'inset-x-0 bottom-0 max-h-[88dvh] rounded-t-lg',
            'sm:inset-x-auto sm:inset-y-0 sm:max-h-none sm:w-[26rem] sm:rounded-none',
            side === 'right' ? 'sm:right-0 sm:animate-slide' : 'sm:left-0',
          )}
        >
          <div className="flex items-center justify-between gap-3 border-b border-line py-2 pr-2 pl-5">
            <RadixDialog.Title className="text-lg font-semibold">{title}</RadixDialog.Title>
            <RadixDialog.Close
              aria-label={t('close')}
              className="flex size-11 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-text"
            >
              <X aria-hidden className="size-5" />
            </RadixDialog.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto p-5">{children}</div>
          {footer && <div className="flex flex-col gap-2 border-t border-line p-4">{footer}</div>}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  )
}
