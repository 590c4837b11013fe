import { cx } from './lib/cx.ts'
import { hueOf, initials } from './lib/initials.ts'

const sizes = { sm: 'size-8 text-xs', md: 'size-10 text-sm', lg: 'size-16 text-xl', xl: 'size-24 text-3xl' }
/** Dark enough for white letters (AA) in both themes. */
const hues = ['bg-[#2f5d8a]', 'bg-[#5b5391]', 'bg-[#3d6b4f]', 'bg-[#7a5230]', 'bg-[#33686d]', 'bg-[#76466b]']

/** Initials in place of a picture; the name stands beside it, so it is hidden from screen readers. */
export function Avatar({
  name,
  size = 'md',
  className,
}: {
  name: string
  size?: keyof typeof sizes
  className?: string
}) {
  return (
    <span
      aria-hidden
      className={cx(
        'inline-flex shrink-0 items-center justify-center rounded-full font-semibold text-white select-none',
        sizes[size],
        hues[hueOf(name, hues.length)],
        className,
      )}
    >
      {initials(name)}
    </span>
  )
}
