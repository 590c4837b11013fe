/**
 * `npm run cluster`, first half: valid on Node 20 with nothing installed. Sets everything up, Redis too, then hands over to the
 * supervisor on the pinned Node 24.
 */
import { runMain } from './lib/log.mjs'
import { runSupervised } from './lib/supervised.mjs'

if (process.argv.includes('--help')) {
  console.log(`npm run cluster                    sets everything up and runs a cluster on this machine: PostgreSQL, Redis, three media servers,
                                   recordings, the portal, and one address (SFU_PORT) that leads to media servers that live
npm run cluster -- --nodes 2       another number of media servers, 2 to 5
npm run cluster -- --open          for the network, as npm start -- --open
It prints "node <n> ws://127.0.0.1:<port> pid <pid>" for each media server, again whenever one was started again, and
"Cluster is ready". Whatever dies is started again; Ctrl-C stops all.
Debian's redis-server is installed where it is missing (as root), unless REDIS_URL names another Redis. Ports: PORT, SFU_PORT and the
next ones, RECORDINGS_PORT, POSTGRES_PORT, REDIS_PORT. Settings: .env.example; clusters of several machines: docs/cluster.md`)
} else {
  await runMain(() => runSupervised(['--cluster', ...process.argv.slice(2)], { redis: true }))
}
