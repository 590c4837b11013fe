/** Short, human progress lines on standard output. Valid on Node 20 (used before Node 24 is installed). */

const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)

/** One line about what is going on. */
export const say = text => console.log(`${paint('36', '▸')} ${text}`)
/** One line about something that is done. */
export const done = text => console.log(`${paint('32', '✓')} ${text}`)
/** One line about something the user should know but that stops nothing. */
export const warn = text => console.warn(`${paint('33', '!')} ${text}`)

/**
 * A fault the user can act on: printed as one clear line, without a stack.
 */
export class SetupError extends Error {
  constructor(message) {
    super(message)
    this.name = 'SetupError'
  }
}

/** Runs a script's main function; a SetupError ends it with one line and status 1, anything else with its stack. */
export async function runMain(main) {
  try {
    await main()
  } catch (error) {
    if (error instanceof SetupError) console.error(`${paint('31', '✗')} ${error.message}`)
    else console.error(error)
    process.exitCode = 1
  }
}

/** Seconds since `startMs`, as "12.3 s". */
export const since = startMs => `${((Date.now() - startMs) / 1000).toFixed(1)} s`
