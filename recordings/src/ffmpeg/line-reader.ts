/**
 * Cuts a text that arrives in pieces (a pipe cuts wherever it likes) into its whole lines. The end of a line is `\n` or
 * `\r\n`; what has no end yet is kept for the next piece.
 */
export class LineReader {
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  }
}
