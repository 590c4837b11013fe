import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** Starts the worker named by MEDIASOUP_WORKER_BIN so that it is killed with this process; why is said there. */
export const BOUND_WORKER = path.join(import.meta.dirname, 'bound-worker.sh')

/**
 * What to start for that worker: the script where it can be run, else the worker itself, which ends by itself soon after this process.
 * `workerBin` must be what MEDIASOUP_WORKER_BIN says in this process's environment, which the script reads.
 */
export function boundWorker(workerBin: string | undefined): string | undefined {
  if (workerBin === undefined || process.platform !== 'linux') return workerBin
  try {
    for (const file of [BOUND_WORKER, '/bin/sh']) accessSync(file, constants.X_OK)
    return BOUND_WORKER
  } catch {
    return workerBin
  }
}
