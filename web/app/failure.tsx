'use client'
import { useTranslations } from 'next-intl'
import { Button } from '../ui/button.tsx'
import { ErrorPanel } from '../ui/error-panel.tsx'
import { LinkButton } from '../ui/link-button.tsx'

/** What the reader sees when a page could not be made. The digest leads to the line in the server's log. */
export function Failure({ error, retry }: { error: Error & { digest?: string }; retry: () => void }) {
  const t = useTranslations('portal.fault')
  return (
    <ErrorPanel
      title={t('errorTitle')}
      code={error.digest}
      codeLabel={t('code')}
      action={
        <>
          <Button variant="primary" onClick={retry}>
            {t('tryAgain')}
          </Button>
          <LinkButton href="/">{t('goHome')}</LinkButton>
        </>
      }
    >
      {t('errorHelp')}
    </ErrorPanel>
  )
}
