import { hostname } from 'node:os'
import { z } from 'zod'

/** How a process is called in logs and by administrators; of several on one machine each needs its own. */
export const nodeName = z
  .string()
  .regex(/^[\w.:-]{1,63}$/, { error: 'must be letters, digits and . : _ - only, 63 at most' })
  .default(
    () =>
      hostname()
        .replace(/[^\w.:-]/g, '-')
        .slice(0, 63) || 'node',
  )
