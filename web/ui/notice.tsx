import { CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from './lib/cx.ts'

const tones = {
  info: { icon: Info, box: 'bg-accent-soft', mark: 'text-accent' },
  ok: { icon: CircleCheck, box: 'bg-ok-soft', mark: 'text-ok' },
  warn: { icon: TriangleAlert, box: 'bg-warn-soft', mark: 'text-warn' },
}

/** A remark that belongs to this place on the page and stays there. */
export function Notice({
  tone = 'info',
  title,
  icon,
  className,
  children,
}: {
  tone?: keyof typeof tones
  title?: ReactNode
  icon?: ReactNode
  className?: string
  children?: ReactNode
}) {
  const { icon: Icon, box, mark } = tones[tone]
  return (
    <div className={cx('flex items-start gap-3 rounded-md px-4 py-3', box, className)}>
      <span className={cx('mt-0.5 shrink-0 [&_svg]:size-5', mark)}>{icon ?? <Icon aria-hidden />}</span>
      <div className="min-w-0 flex-1">
        {title && <p className="font-semibold">{title}</p>}
        {children}
      </div>
    </div>
  )
}
