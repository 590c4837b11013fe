/**
 * Arguments of the ffmpeg run that mixes all sound of a recording. `files` have timestamps of the recording in
 * milliseconds. `aresample` fills the silences between packets and puts right what is off by 20 ms or more. It must not
 * stretch: while it does, further gaps (a silent opus sender sends a packet every 400 ms, RFC 7587 §3.1.3) are counted
 * twice and all sound after them is late. Nothing is scaled down because somebody else is in the meeting, a limiter
 * catches what gets too loud. Pure.
 */
export function audioArguments(options: {
  files: readonly string[]
  lengthMs: number
  output: string
}): string[] {
  const { files, lengthMs, output } = options
  const length = (lengthMs / 1000).toFixed(3)
  const graph = files.map(
    (_, index) =>
      `[${index}:a]aresample=48000:async=1:min_hard_comp=0.02:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo[a${index}]`,
  )
  graph.push(`anullsrc=r=48000:cl=stereo,atrim=0:${length}[silence]`)
  graph.push(
    `[silence]${files.map((_, index) => `[a${index}]`).join('')}` +
      `amix=inputs=${files.length + 1}:duration=first:dropout_transition=0:normalize=0,` +
      'alimiter=limit=0.95:level=0[out]',
  )
  return [
    '-copyts',
    ...files.flatMap(file => ['-i', file]),
    '-filter_complex',
    graph.join(';'),
    '-map',
    '[out]',
    '-c:a',
    'aac',
    '-b:a',
    '128k',
    '-ar',
    '48000',
    '-f',
    'mp4',
    output,
  ]
}

/** Arguments that put picture and sound together, playable while it downloads. */
export function muxArguments(options: {
  video: string
  audio: string
  fps: number
  output: string
}): string[] {
  return [
    '-r',
    String(options.fps),
    '-f',
    'h264',
    '-i',
    options.video,
    '-i',
    options.audio,
    '-map',
    '0:v',
    '-map',
    '1:a',
    '-c',
    'copy',
    '-movflags',
    '+faststart',
    '-f',
    'mp4',
    options.output,
  ]
}
