'use client'
import dynamic from 'next/dynamic'

// Errors are rare: their page is no part of what every page loads.
const Failure = dynamic(() => import('./failure.tsx').then(loaded => loaded.Failure))

export default function RootError({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  return (
    <main className="mx-auto max-w-3xl p-6 pt-[15vh]">
      <Failure error={error} retry={reset} />
    </main>
  )
}
