import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { AppError } from '@diemcau/core/errors.ts'
import { type FfmpegProgress, ProgressReader } from './progress-reader.ts'

const KEPT_ERROR_BYTES = 4000

/**
 * Runs ffmpeg to its end and returns the number of video frames it wrote. Aborting kills it.
 * @throws AppError `ffmpeg_missing`, `ffmpeg_failed` (with the end of what it said), `disk_full`, or the abort reason.
 */
export async function runFfmpeg(options: {
  ffmpegPath: string
  args: readonly string[]
  cwd: string
  /** 0..19: how far it gives way to others. */
  nice: number
  signal: AbortSignal
  onProgress?: (progress: FfmpegProgress) => void
  onStarted?: (pid: number) => void
}): Promise<number> {
  options.signal.throwIfAborted()
  const child = spawn(
    options.ffmpegPath,
    ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', '-progress', 'pipe:1', ...options.args],
    { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const onAbort = () => child.kill('SIGKILL')
  options.signal.addEventListener('abort', onAbort, { once: true })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-KEPT_ERROR_BYTES)
  })
  const progress = new ProgressReader(seen => options.onProgress?.(seen))
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => progress.push(chunk))
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', () => {
        try {
          setPriority(child.pid!, options.nice)
        } catch {
          // It may be over already; being less nice is no fault.
        }
        options.onStarted?.(child.pid!)
      })
      child.once('close', resolve)
    })
    options.signal.throwIfAborted()
    if (code === 0) return progress.frames
    if (/No space left on device/i.test(said)) throw new AppError('disk_full', 'the disk is full')
    throw new AppError('ffmpeg_failed', `ffmpeg ended with ${code}: ${said.trim()}`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new AppError('ffmpeg_missing', `ffmpeg was not found at ${options.ffmpegPath}`, { cause: error })
    throw error
  } finally {
    options.signal.removeEventListener('abort', onAbort)
  }
}
