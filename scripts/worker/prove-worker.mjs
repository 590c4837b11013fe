#!/usr/bin/env node
/** The command line of the worker's proof. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureWorker } from './ensure-worker.mjs'
import { proveWorker } from './proof.mjs'
import { SetupError } from './run.mjs'

export { proveWorker } from './proof.mjs'

const help = `Usage: node scripts/worker/prove-worker.mjs [path of a mediasoup worker]

Starts the worker (default: the one of ensure-worker.mjs), lets two native WebRTC clients connect to it with each SRTP
profile and in both DTLS roles, sends opus and VP8 packets through it, and checks that they arrive whole. Prints the
proof as JSON; the exit code is 0 when it passed, 1 when it failed, 2 when there is no compiler for the clients.`

async function main() {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const log = (/** @type {string} */ line) => console.error(line)
  try {
    const given = process.argv[2]
    const workerBin = given ? resolve(given) : await ensureWorker({ root, log, allowApt: true })
    const proof = await proveWorker(workerBin, { root, log, allowApt: true })
    console.log(JSON.stringify(proof, null, 2))
    process.exitCode = proof.passed ? 0 : 1
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error)
    process.exitCode = 2
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) console.log(help)
  else await main()
}
