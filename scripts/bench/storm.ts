/** `npm run bench:storm`: many viewers join a running meeting at once. */
import { parseArgs } from 'node:util'
import { runTool } from '../lib/run-tool.ts'
import { wholeNumber } from '../load/tool.ts'
import { measureStorm } from './measure-storm.ts'
import { benchOnServer, SERVER_HELP, SERVER_OPTIONS } from './on-server.ts'

const help = `Usage: npm run bench:storm -- [options]

Viewers join a running meeting at a fixed rate, by the load tool (npm run load -- --help): no browsers. Prints a table in
Markdown: join to first packet and to the first whole picture, CPU of server and worker a join, gaps over 200 ms of those who were
in before, and the load generator's own CPU, with the machine it was measured on. On a machine that does other things at the
same time the table says so.

Exit code: 0 everybody got everything, 1 not, 2 it could not be run. A missed goal is in the table only.

  --newcomers N  (default 1000)
  --rate N       of them a second (default 100)
  --publishers N (default 1)
  --watchers N   viewers who are in before (default 20)
${SERVER_HELP}`

const { values } = parseArgs({
  options: {
    newcomers: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '100' },
    publishers: { type: 'string', default: '1' },
    watchers: { type: 'string', default: '20' },
    ...SERVER_OPTIONS,
  },
})

await runTool(values.help ? help : undefined, async () => {
  const options = {
    newcomers: wholeNumber('newcomers', values.newcomers, 1, 3000),
    perSecond: wholeNumber('rate', values.rate, 1, 1000),
    publishers: wholeNumber('publishers', values.publishers, 1, 200),
    watchers: wholeNumber('watchers', values.watchers, 1, 500),
  }
  return await benchOnServer(values, 'storm', (clients, meeting) =>
    measureStorm(clients, { ...options, ...meeting }),
  )
})
