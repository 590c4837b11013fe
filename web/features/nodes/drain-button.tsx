'use client'
import { LogIn, LogOut } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useTransition } from 'react'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Resolves to the text of what went wrong, or undefined. */
export type Drain = (incarnation: string, isWanted: boolean) => Promise<string | undefined>

/** Leads people away from a node, after a question; or lets it take them again, which harms nobody. */
export function DrainButton({
  incarnation,
  name,
  state,
  left,
  drain,
}: {
  incarnation: string
  name: string
  state: 'none' | 'going' | 'done'
  /** Connections there. */
  left: number
  drain: Drain
}) {
  const t = useTranslations('portal.nodes')
  const toast = useToast()
  const [isPending, start] = useTransition()
  const takeIn = () =>
    start(async () => {
      const fault = await drain(incarnation, false)
      toast(fault ? { tone: 'danger', text: fault } : { tone: 'ok', text: t('takenIn', { name }) })
    })
  const isAgain = state === 'done'
  return (
    <div className="flex flex-wrap gap-2">
      {state !== 'none' && (
        <Button
          icon={<LogIn aria-hidden />}
          pending={isPending}
          onClick={takeIn}
          aria-label={t('takeInNamed', { name })}
          data-testid="take-in"
        >
          {t('takeIn')}
        </Button>
      )}
      {(state === 'none' || (isAgain && left > 0)) && (
        <ConfirmDialog
          trigger={
            <Button
              icon={<LogOut aria-hidden />}
              aria-label={t(isAgain ? 'againNamed' : 'drainNamed', { name })}
              data-testid="drain"
            >
              {t(isAgain ? 'again' : 'drain')}
            </Button>
          }
          title={t('drainTitle', { name })}
          description={t('drainDescription', { count: left })}
          confirmLabel={t('drainConfirm')}
          onConfirm={async () => {
            const fault = await drain(incarnation, true)
            if (!fault) toast({ tone: 'ok', text: t('drainBegun', { name }) })
            return fault
          }}
        />
      )}
    </div>
  )
}
