/** ffmpeg and ffprobe: a named one, the one of the npm package, the system's, or Debian's package. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { ensurePackages } from '../lib/apt.mjs'
import { SetupError } from '../lib/log.mjs'
import { exists, root } from '../lib/run.mjs'

/** @returns {string | null} path of the binary in the optional package ffmpeg-static, when it was downloaded */
function fromPackage() {
  try {
    const file = createRequire(path.join(root, 'recordings', 'package.json'))('ffmpeg-static')
    return typeof file === 'string' && existsSync(file) ? file : null
  } catch {
    return null
  }
}

/**
 * Finds or installs ffmpeg and ffprobe.
 *
 * @returns {Promise<{ FFMPEG_PATH: string, FFPROBE_PATH: string }>} for the environment of the processes
 */
export async function ensureFfmpeg() {
  const ffmpeg = process.env.FFMPEG_PATH
  if (ffmpeg && !(await exists(ffmpeg)))
    throw new SetupError(`FFMPEG_PATH names ${ffmpeg}, which does not run.`)
  const ffprobe = process.env.FFPROBE_PATH || 'ffprobe'
  // ffmpeg-static carries no ffprobe, and the system's pair fits together: prefer it when both are there.
  const systemPair = (await exists('ffmpeg')) && (await exists(ffprobe))
  if (!ffmpeg && !systemPair) await ensurePackages(['ffmpeg'], 'ffmpeg')
  const chosen = ffmpeg || ((await exists('ffmpeg')) ? 'ffmpeg' : fromPackage())
  if (!chosen) throw new SetupError('ffmpeg was not found. Install it or set FFMPEG_PATH.')
  if (!(await exists(ffprobe)))
    throw new SetupError('ffprobe was not found beside ffmpeg. Install it or set FFPROBE_PATH.')
  return { FFMPEG_PATH: chosen, FFPROBE_PATH: ffprobe }
}
