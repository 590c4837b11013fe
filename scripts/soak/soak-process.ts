/** The process in which a soak runs. Forked by soak.ts: the native SDK writes its log to standard output and cannot be told not to. */
import { runSoak, type SoakOptions } from './run-soak.ts'

process.once('message', (options: Omit<SoakOptions, 'log' | 'onStarted'>) => {
  const log = (line: string) => console.error(`${new Date().toISOString()} ${line}`)
  const onStarted = (sfuPid: number) => void process.send?.({ sfuPid })
  runSoak({ ...options, log, onStarted }).then(
    // The SDK's threads hold the process, so it is ended by hand once the report is out.
    report => process.send?.({ report }, () => process.exit(0)),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error)
      process.exit(2)
    },
  )
})
// The native SDK throws out of its own finalizers now and then ("trying to drop an invalid handle"). That is the visitor's
// trouble; the server is another process, and what this one has left open there would show in the report.
const troubles = new Map<string, number>()
process.on('uncaughtException', error => {
  const count = (troubles.get(error.message) ?? 0) + 1
  troubles.set(error.message, count)
  if (count === 1) console.error(`the native SDK: ${error.message}`)
})
// Without its parent it would go on for the rest of its half hour.
process.once('disconnect', () => process.exit(2))
