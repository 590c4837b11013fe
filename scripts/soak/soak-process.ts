/** The process in which a soak runs. Forked by soak.ts: the native SDK writes its log to standard output and cannot be told not to. */
import { runSoak, type SoakOptions } from './run-soak.ts'

process.once('message', (options: Omit<SoakOptions, 'log'>) => {
  const log = (line: string) => console.error(`${new Date().toISOString()} ${line}`)
  runSoak({ ...options, log }).then(
    // The SDK's threads hold the process, so it is ended by hand once the report is out.
    report => process.send?.(report, () => process.exit(0)),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error)
      process.exit(2)
    },
  )
})
// Without its parent it would go on for the rest of its half hour.
process.once('disconnect', () => process.exit(2))
