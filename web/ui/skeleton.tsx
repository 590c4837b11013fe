import { cx } from './lib/cx.ts'

/** A grey place for what is being fetched; give it the size of what will come. */
export const Skeleton = ({ className }: { className?: string }) => (
  <div aria-hidden className={cx('animate-pulse-slow rounded-sm bg-sunken', className)} />
)

/** The waiting form of a list. `label` is read aloud, so that nobody hears silence. */
export function SkeletonRows({ rows = 6, label }: { rows?: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-3">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same and never move.
        <Skeleton key={index} className="h-12 w-full" />
      ))}
    </div>
  )
}
