import type { ReactNode } from 'react'

/** A whole page that says, aloud too, what is waited for. */
export const WaitingLine = ({ children }: { children: ReactNode }) => (
  <main className="flex min-h-dvh items-center justify-center p-6">
    <p role="status" className="text-center text-pretty text-muted">
      {children}
    </p>
  </main>
)
