/**
 * The one error type of the product. `code` is stable and may be shown; `message` is for logs; `detail` may hold
 * facts for the user's text (never secrets). Each edge (HTTP, signalling, socket.io) maps codes in one table.
 */
export class AppError extends Error {
  readonly code: string
  readonly detail: Record<string, string | number | boolean> | undefined
  constructor(
    code: string,
    message: string,
    options?: { cause?: unknown; detail?: Record<string, string | number | boolean> },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.detail = options?.detail
  }
}
