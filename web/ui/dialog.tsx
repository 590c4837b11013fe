'use client'
import { X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Dialog as RadixDialog } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { cx } from './lib/cx.ts'
import { useSignInAgain } from './sign-in-again.tsx'
import { SIGNED_OUT } from './signed-out.ts'
import { useReturnFocus } from './use-return-focus.ts'

export interface DialogProps {
  open?: boolean
  onOpenChange?: (open: boolean) => void
  /** The control that opens it; leave out when `open` is steered from outside. */
  trigger?: ReactNode
  title: ReactNode
  description?: ReactNode
  /** Buttons, the main one first; on phones they take the whole width. */
  footer?: ReactNode
  size?: 'sm' | 'md' | 'lg'
  children?: ReactNode
}

const widths = { sm: 'max-w-md', md: 'max-w-xl', lg: 'max-w-3xl' }

/** A window over the page for one short decision. Long things get a page or a `Sheet`. */
export function Dialog({
  open,
  onOpenChange,
  trigger,
  title,
  description,
  footer,
  size = 'md',
  children,
}: DialogProps) {
  const t = useTranslations('common.ui')
  const returnFocus = useReturnFocus()
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      {trigger && <RadixDialog.Trigger asChild>{trigger}</RadixDialog.Trigger>}
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 grid animate-fade place-items-end overflow-y-auto bg-backdrop sm:place-items-center sm:p-6">
          <RadixDialog.Content
            {...(trigger ? {} : returnFocus)}
            {...(description ? {} : { 'aria-describedby': undefined })}
            className={cx(
              'relative w-full animate-rise rounded-t-lg bg-raised p-5 shadow-pop sm:rounded-lg sm:p-6',
              widths[size],
            )}
          >
            <RadixDialog.Title className="pr-10 text-xl font-semibold">{title}</RadixDialog.Title>
            {description && (
              <RadixDialog.Description className="mt-2 text-muted">{description}</RadixDialog.Description>
            )}
            {children && <div className="mt-4">{children}</div>}
            {footer && <div className="mt-6 flex flex-col gap-2 sm:flex-row-reverse">{footer}</div>}
            <RadixDialog.Close
              aria-label={t('close')}
              className="absolute top-3 right-3 flex size-11 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-text"
            >
              <X aria-hidden className="size-5" />
            </RadixDialog.Close>
          </RadixDialog.Content>
        </RadixDialog.Overlay>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  )
}

export const DialogClose = ({ children }: { children: ReactNode }) => (
  <RadixDialog.Close asChild>{children}</RadixDialog.Close>
)

/**
 * Asks before something that cannot be taken back. `description` says what will happen and to whom;
 * `confirmLabel` names the act ("Xoá bản ghi"), never "OK". Stays open, pending, until `onConfirm` settles; a
 * returned string is shown as the reason why it did not work.
 */
export function ConfirmDialog({
  trigger,
  title,
  description,
  confirmLabel,
  onConfirm,
  children,
  ...steered
}: {
  trigger?: ReactNode
  title: ReactNode
  description: ReactNode
  confirmLabel: string
  onConfirm: () => Promise<string | undefined> | undefined
  children?: ReactNode
  open?: boolean
  onOpenChange?: (open: boolean) => void
}) {
  const t = useTranslations('common.ui')
  const signedIn = useSignInAgain()
  const [own, setOwn] = useState(false)
  const [isPending, setPending] = useState(false)
  const [fault, setFault] = useState<string | undefined>()
  const isOpen = steered.open ?? own
  const setOpen = (next: boolean) => {
    setFault(undefined)
    setOwn(next)
    steered.onOpenChange?.(next)
  }
  const confirm = async () => {
    setPending(true)
    setFault(undefined)
    try {
      const problem = await signedIn(async () => onConfirm())
      if (problem) setFault(problem === SIGNED_OUT ? t('signedOut') : problem)
      else setOpen(false)
    } finally {
      setPending(false)
    }
  }
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      trigger={trigger}
      title={title}
      description={description}
      size="sm"
      footer={
        <>
          <Button variant="danger" pending={isPending} onClick={confirm}>
            {confirmLabel}
          </Button>
          <DialogClose>
            <Button>{t('cancel')}</Button>
          </DialogClose>
        </>
      }
    >
      {children}
      {fault && (
        <p role="alert" className="mt-3 font-medium text-danger">
          {fault}
        </p>
      )}
    </Dialog>
  )
}
