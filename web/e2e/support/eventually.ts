/**
 * Polls until `check` says nothing is wrong any more. `check` returns what is still wrong, or '' when all is well;
 * the last complaint is in the error. A check that throws ends the waiting at once.
 */
export async function eventually(
  check: () => string | Promise<string>,
  timeoutMs = 20_000,
  everyMs = 150,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const wrong = await check()
    if (wrong === '') return
    if (Date.now() > deadline) throw new Error(`After ${timeoutMs} ms: ${wrong}`)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
