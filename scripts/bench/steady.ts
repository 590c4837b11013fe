/** `npm run bench:steady`: what Node takes beside the media workers while a meeting goes on. */
import { parseArgs } from 'node:util'
import { runTool } from '../lib/run-tool.ts'
import { wholeNumber } from '../load/tool.ts'
import { measureSteady } from './measure-steady.ts'
import { benchOnServer, SERVER_HELP, SERVER_OPTIONS } from './on-server.ts'

const help = `Usage: npm run bench:steady -- [options]

A meeting with publishers, of whom some speak in turn, and viewers, by the load tool (npm run load -- --help): no browsers. Prints a
table in Markdown: CPU of the server's Node process to that of its media workers, packets, loss, gaps, freezes, and the load
generator's own CPU, with the machine it was measured on. The ratio holds on a busy machine, too; times do not.

Exit code: 0 everybody got everything, 1 not, 2 it could not be run. A missed goal is in the table only.

  --publishers N (default 10)
  --viewers N    (default 90)
  --talkers N    publishers who speak at once (default 2)
  --seconds N    (default 20)
${SERVER_HELP}`

const { values } = parseArgs({
  options: {
    publishers: { type: 'string', default: '10' },
    viewers: { type: 'string', default: '90' },
    talkers: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '20' },
    ...SERVER_OPTIONS,
  },
})

await runTool(values.help ? help : undefined, async () => {
  const options = {
    publishers: wholeNumber('publishers', values.publishers, 1, 500),
    viewers: wholeNumber('viewers', values.viewers, 0, 3000),
    talkers: wholeNumber('talkers', values.talkers, 0, 500),
    seconds: wholeNumber('seconds', values.seconds, 1, 3600),
  }
  return await benchOnServer(values, 'steady', (clients, meeting) =>
    measureSteady(clients, { ...options, ...meeting }),
  )
})
