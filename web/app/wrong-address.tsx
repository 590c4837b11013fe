'use client'
import { useTranslations } from 'next-intl'
import { useIsReady } from '../ui/use-is-ready.ts'

/**
 * Says that this page was opened without encryption although the portal's address has it: browsers then keep no session
 * and give no camera. On this very machine (localhost) they do both.
 */
export function WrongAddress({ publicUrl }: { publicUrl: string }) {
  const t = useTranslations('common.wrongAddress')
  const isReady = useIsReady()
  if (!isReady || window.isSecureContext || !publicUrl.startsWith('https:')) return null
  const right = publicUrl + window.location.pathname + window.location.search
  return (
    <div role="alert" className="bg-danger-soft px-4 py-3 text-center text-text">
      <strong>{t('title')}</strong> {t('help')}{' '}
      <a href={right} className="font-semibold break-all underline" data-testid="right-address">
        {right}
      </a>
    </div>
  )
}
