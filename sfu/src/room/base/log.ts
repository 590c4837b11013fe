/** The part of pino the room uses; a pino Logger fits. */
export interface Log {
  debug(context: object, message: string): void
  info(context: object, message: string): void
  warn(context: object, message: string): void
  error(context: object, message: string): void
  child(bindings: Record<string, unknown>): Log
}

/** For tests and tools that want no output. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
}
