import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'

/** The configured path, else the optional package ffmpeg-static when its binary is there, else what PATH finds. */
export function findFfmpeg(configured: string | undefined): string {
  if (configured) return configured
  try {
    const path: unknown = createRequire(import.meta.url)('ffmpeg-static')
    if (typeof path === 'string' && existsSync(path)) return path
  } catch {
    // An optional package; where its download is not possible it is not installed at all.
  }
  return 'ffmpeg'
}

/**
 * Says what is wrong with the tools, or null. A composition needs libx264, which small builds of ffmpeg lack; better to
 * know before a meeting than after it.
 */
export async function checkTools(ffmpegPath: string, ffprobePath: string): Promise<string | null> {
  const run = promisify(execFile)
  try {
    const { stdout: encoders } = await run(ffmpegPath, ['-hide_banner', '-encoders'])
    if (!/\blibx264\b/.test(encoders)) return `${ffmpegPath} has no libx264 encoder`
  } catch (error) {
    return `ffmpeg cannot be run at ${ffmpegPath}: ${error instanceof Error ? error.message : error}`
  }
  try {
    await run(ffprobePath, ['-version'])
  } catch (error) {
    return `ffprobe cannot be run at ${ffprobePath}: ${error instanceof Error ? error.message : error}`
  }
  return null
}
