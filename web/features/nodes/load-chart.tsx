import { useTranslations } from 'next-intl'
import { CHART, type LoadLine } from './load-line.ts'

/** The line alone; whoever shows it says in words what it shows. */
export function LoadPicture({ line, className }: { line: LoadLine; className: string }) {
  return (
    <svg
      aria-hidden
      viewBox={`0 -2 ${CHART.width} ${CHART.height + 4}`}
      preserveAspectRatio="none"
      className={className}
    >
      <path
        d={`M0 ${CHART.height}H${CHART.width}`}
        className="fill-none stroke-line"
        vectorEffect="non-scaling-stroke"
      />
      <path
        d={line.path}
        className="fill-none stroke-accent"
        strokeWidth={2}
        strokeLinecap="round"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}

/** One figure over the last hour: what it is now, its highest, and its course. */
export function LoadChart({
  title,
  line,
  show,
}: {
  title: string
  line: LoadLine
  show: (value: number) => string
}) {
  const t = useTranslations('portal.nodes')
  const text = (value: number | null) => (value === null ? '–' : show(value))
  return (
    <li className="flex min-w-0 flex-col gap-1 rounded-md bg-sunken px-3 py-2.5">
      <p className="text-sm text-muted">{title}</p>
      <p className="tabular mt-auto font-semibold">
        {line.path === '' ? t('nothingYet') : t('now', { value: text(line.now) })}
      </p>
      <LoadPicture line={line} className="h-12 w-full" />
      <p className="tabular text-sm text-muted">{t('highest', { value: text(line.highest) })}</p>
    </li>
  )
}
