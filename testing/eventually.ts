/**
 * Polls until `whatIsStillWrong` returns null (or undefined), and fails with its last word after `timeoutMs`. A check that
 * throws is still wrong. The limit is there to end what hangs, not to measure: a busy machine is many times slower than an
 * idle one.
 */
export async function eventually(
  whatIsStillWrong: () => string | null | undefined | Promise<string | null | undefined>,
  timeoutMs = 20_000,
  intervalMs = 25,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    let wrong: string | null | undefined
    try {
      wrong = await whatIsStillWrong()
    } catch (error) {
      wrong = error instanceof Error ? error.message : String(error)
    }
    if (wrong === null || wrong === undefined) return
    if (Date.now() > deadline) throw new Error(`still wrong after ${timeoutMs} ms: ${wrong}`)
    await new Promise(resolve => setTimeout(resolve, intervalMs))
  }
}
