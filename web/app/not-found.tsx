import { getTranslations } from 'next-intl/server'
import { EmptyState } from '../ui/empty-state.tsx'
import { LinkButton } from '../ui/link-button.tsx'

export default async function NotFound() {
  const t = await getTranslations('portal.fault')
  return (
    <main className="mx-auto max-w-2xl p-6 pt-[15vh]">
      <EmptyState
        isPage
        title={t('notFoundTitle')}
        action={
          <LinkButton href="/" variant="primary">
            {t('goHome')}
          </LinkButton>
        }
      >
        {t('notFoundHelp')}
      </EmptyState>
    </main>
  )
}
