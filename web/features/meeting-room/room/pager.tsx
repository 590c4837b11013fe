'use client'
import { ChevronDown, ChevronLeft, ChevronRight, ChevronUp } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { cx } from '../../../ui/lib/cx.ts'

/** Turns pages of tiles; stays in one place so that it can be pressed repeatedly. */
export function Pager({
  page,
  pages,
  isColumn = false,
  onPage,
}: {
  page: number
  pages: number
  isColumn?: boolean
  onPage: (page: number) => void
}) {
  const t = useTranslations('room.stage')
  const [Back, Forth] = isColumn ? [ChevronUp, ChevronDown] : [ChevronLeft, ChevronRight]
  const button =
    'flex size-11 items-center justify-center rounded-md text-white enabled:hover:bg-white/15 disabled:opacity-40'
  return (
    <nav aria-label={t('pages')} className={cx('flex items-center gap-2', isColumn && 'justify-center')}>
      <button
        type="button"
        aria-label={t('previous')}
        data-testid="page-previous"
        disabled={page === 0}
        onClick={() => onPage(page - 1)}
        className={button}
      >
        <Back aria-hidden className="size-5" />
      </button>
      <span data-testid="page-number" className="tabular text-white">
        {page + 1}/{pages}
      </span>
      <button
        type="button"
        aria-label={t('next')}
        data-testid="page-next"
        disabled={page >= pages - 1}
        onClick={() => onPage(page + 1)}
        className={button}
      >
        <Forth aria-hidden className="size-5" />
      </button>
    </nav>
  )
}
