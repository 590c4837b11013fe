import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

/** A warning at a hall or a person that another meeting has at the same time, or that nobody can write to. */
export const ClashNote = ({ children }: { children: ReactNode }) => (
  <p className="flex items-start gap-1.5 text-sm font-medium text-warn">
    <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
    {children}
  </p>
)
