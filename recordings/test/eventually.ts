/** Polls until `whatIsWrong` returns null; fails with the last thing it said. */
export async function eventually(
  whatIsWrong: () => Promise<string | null> | string | null,
  timeoutMs = 10_000,
): Promise<void> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const wrong = await whatIsWrong()
    if (wrong === null) return
    if (Date.now() > until) throw new Error(`still after ${timeoutMs} ms: ${wrong}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
