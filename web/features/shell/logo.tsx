/** Points joined to one centre: many halls, one meeting. Drawn in the text's accent, no picture file needed. */
export function Logo({ small = false }: { small?: boolean }) {
  return (
    <svg
      viewBox="0 0 32 32"
      aria-hidden="true"
      className={small ? 'size-7 text-accent' : 'size-8 text-accent'}
      fill="none"
      stroke="currentColor"
      strokeWidth="2.4"
      strokeLinecap="round"
    >
      <path d="M16 16 16 6M16 16 24.7 21M16 16 7.3 21" />
      <circle cx="16" cy="16" r="4.4" fill="currentColor" stroke="none" />
      <circle cx="16" cy="4.6" r="2.8" fill="currentColor" stroke="none" />
      <circle cx="26" cy="22" r="2.8" fill="currentColor" stroke="none" />
      <circle cx="6" cy="22" r="2.8" fill="currentColor" stroke="none" />
    </svg>
  )
}
