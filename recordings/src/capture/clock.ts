/** Wall clock in milliseconds since the epoch, with fractions, that never steps back while the process lives. */
export const nowMs = (): number => performance.timeOrigin + performance.now()
