import type { ReactNode } from 'react'

/** A whole page that says, aloud too, what is waited for; `title` of what it will be. */
export const WaitingLine = ({ title, children }: { title?: string | undefined; children: ReactNode }) => (
  <main className="flex min-h-dvh flex-col items-center justify-center gap-3 p-6 text-center text-pretty">
    {title && <h1 className="text-xl font-semibold">{title}</h1>}
    <p role="status" className="text-muted">
      {children}
    </p>
  </main>
)
