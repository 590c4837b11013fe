'use client'
import dynamic from 'next/dynamic'

// Errors are rare: their page is no part of what every page loads.
const Failure = dynamic(() => import('../failure.tsx').then(loaded => loaded.Failure))

export default function PortalError({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  return <Failure error={error} retry={reset} />
}
