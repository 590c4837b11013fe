/**
 * `npm start`, first half: valid on Node 20 with nothing installed. Sets everything up, then hands over to the
 * supervisor on the pinned Node 24.
 */
import { runMain } from './lib/log.mjs'
import { runSupervised } from './lib/supervised.mjs'

if (process.argv.includes('--help')) {
  console.log(`npm start              sets everything up and runs portal, media server and recordings for this machine only
npm start -- --open    the same for the network (LISTEN=network): every secret and every demo password is then random,
                       made once, kept in the data folder and printed
npm run cluster        the same with several media servers as one
Settings: .env.example; setting up for real: docs/operations.md`)
} else {
  await runMain(() => runSupervised(process.argv.slice(2)))
}
