import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Every second a white flash and a beep of a fifth of a second begin in the same moment. */
export const CLAP_EVERY_MS = 1000
const CLAP_SECONDS = 0.2

const VIDEO = {
  VP8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'] as string[],
}
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p']

/**
 * A microphone fills a packet of 20 ms before it is sent; ffmpeg sends it when its first sample is due. Sound that is
 * this much later in the stream therefore leaves as that of a microphone would.
 */
const HEARD = 't+10-0.02'

/** A publisher: ffmpeg sends VP8 (or H.264) and Opus as RTP in real time, a key frame every second. */
export class Clapper {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static start(options: {
    ffmpegPath: string
    videoPort: number
    audioPort: number
    codec?: 'VP8' | 'H264'
    size?: string
    /** False: the picture moves and there is no sound. */
    hasClaps?: boolean
  }): Clapper {
    const claps = (time: string) =>
      options.hasClaps === false ? '0' : `lt(mod(${time},${CLAP_EVERY_MS / 1000}),${CLAP_SECONDS})`
    const graph =
      `testsrc2=s=${options.size ?? '640x360'}:r=25,eq=brightness=-0.25,` +
      `drawbox=color=white:t=fill:enable='${claps('t')}'[out0];` +
      `aevalsrc='if(${claps(HEARD)},0.5*sin(2*PI*1000*t),0)':s=48000:c=stereo[out1]`
    const rtp = (port: number, payloadType: number) => [
      '-payload_type',
      String(payloadType),
      '-f',
      'rtp',
      `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1200`,
    ]
    const child = spawn(
      options.ffmpegPath,
      [
        ...['-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', graph],
        ...['-map', '0:v', ...(options.codec === 'H264' ? H264 : VIDEO.VP8), '-b:v', '800k', '-g', '25'],
        ...rtp(options.videoPort, 96),
        ...['-map', '0:a', '-c:a', 'libopus', '-b:a', '48k', ...rtp(options.audioPort, 111)],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    return new Clapper(child)
  }

  /** Only a picture, of a filter graph with the output `out0`, with a key frame every so many frames. */
  static startPicture(options: {
    ffmpegPath: string
    videoPort: number
    codec: 'VP8' | 'H264'
    graph: string
    keyFrameEvery: number
  }): Clapper {
    const { ffmpegPath, videoPort, codec, graph, keyFrameEvery } = options
    const child = spawn(
      ffmpegPath,
      [
        ...['-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', graph],
        ...(codec === 'H264' ? H264 : VIDEO.VP8),
        ...['-b:v', '800k', '-g', String(keyFrameEvery), '-payload_type', '96', '-f', 'rtp'],
        `rtp://127.0.0.1:${videoPort}?rtcpport=${videoPort}&pkt_size=1200`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    return new Clapper(child)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
  }
}
