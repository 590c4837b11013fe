/** What the command lines of the load tool and of the benches built on it have in common. */

import { root } from '../lib/run.mjs'
import { ensureRtcClients, RtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { ensureLoadMedia, loadMedia } from './load-media.ts'

/** Compiles the media clients and encodes what they send, unless that was done before, and starts them. The caller closes them. @param fps of pictures; default: as recorded */
export async function startMediaClients(log: (line: string) => void, fps?: number): Promise<RtcClients> {
  const program = await ensureRtcClients({ root, log, allowApt: true })
  const media = await ensureLoadMedia(log)
  const clients = await RtcClients.create(program)
  try {
    await loadMedia(clients, media, fps)
    return clients
  } catch (error) {
    await clients.close()
    throw error
  }
}

/** The value of an option. @throws SetupError that names it */
export function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new SetupError(`--${name} must be a whole number from ${least} to ${most}`)
  return value
}
