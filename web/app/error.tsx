'use client'
import { Failure } from './failure.tsx'

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
