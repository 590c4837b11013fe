import { getTranslations } from 'next-intl/server'
import { EmptyState } from '../../ui/empty-state.tsx'
import { LinkButton } from '../../ui/link-button.tsx'

/** Inside the frame, so that the reader can go on from here. */
export default async function NotFound() {
  const t = await getTranslations('portal.fault')
  return (
    <EmptyState
      isPage
      className="pt-[12vh]"
      title={t('notFoundTitle')}
      action={
        <LinkButton href="/" variant="primary">
          {t('goHome')}
        </LinkButton>
      }
    >
      {t('notFoundHelp')}
    </EmptyState>
  )
}
