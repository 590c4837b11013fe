'use client'
import type { ReactNode } from 'react'
import { cx } from '../../../ui/lib/cx.ts'

export interface BarButtonProps {
  icon: ReactNode
  /** The word under the icon. */
  label: string
  /** Read aloud and shown as a tip: what a press will do, with the key. */
  hint: string
  testId: string
  /** Only where the hint stays the same: one that says what a press will do tells the state already. */
  isPressed?: boolean
  /** `off`: something is closed and that matters (microphone, camera); `on`: in use; `danger`: ends something. */
  tone?: 'plain' | 'off' | 'on' | 'danger'
  badge?: number
  /** Left out on phones, where the same is in the menu. */
  isWideOnly?: boolean
  onPress?: () => void
  'data-initial-focus'?: ''
}

const tones = {
  plain: 'text-white hover:bg-white/12',
  off: 'bg-[#4a1a22] text-[#ffc9cc] hover:bg-[#5c222b]',
  on: 'bg-[#1d4468] text-white hover:bg-[#255583]',
  danger: 'bg-[#b3122c] text-white hover:bg-[#c9203b]',
}

/** An icon with a word under it, 56 px high or more. */
export function BarButton({
  icon,
  label,
  hint,
  testId,
  isPressed,
  tone = 'plain',
  badge = 0,
  isWideOnly = false,
  onPress,
  ...rest
}: BarButtonProps) {
  return (
    <button
      type="button"
      data-testid={testId}
      aria-pressed={isPressed}
      title={hint}
      onClick={onPress}
      className={cx(
        'relative flex h-15 min-w-14 shrink-0 flex-col items-center justify-center gap-0.5 rounded-lg px-1.5 text-[13px] leading-tight max-sm:min-w-12 max-sm:px-0.5 max-sm:text-xs font-medium whitespace-nowrap transition-colors duration-100 lg:min-w-19 lg:px-2 lg:text-sm [&_svg]:size-6',
        tones[tone],
        isWideOnly && 'max-sm:hidden',
      )}
      {...rest}
    >
      {icon}
      <span>{label}</span>
      {/* The name begins with the word that is seen, so that it can also be spoken to the computer. */}
      <span className="sr-only">: {hint}</span>
      {badge > 0 && (
        <span
          data-testid={`${testId}-badge`}
          className="tabular absolute top-0.5 right-1.5 min-w-5 rounded-full bg-[#ffd24d] px-1 text-center text-xs leading-5 font-bold text-[#2b2000]"
        >
          {badge > 99 ? '99+' : badge}
        </span>
      )}
    </button>
  )
}
