import { AppError } from '@diemcau/core/errors.ts'
import { type TwirpMethod, twirpMethod } from '@diemcau/core/livekit/twirp.ts'
import { isFinal, type RecordingLayout, type RecordingState } from '@diemcau/core/recording/status.ts'
import {
  type EgressInfo,
  EgressStatus,
  EncodedFileType,
  ListEgressRequest,
  ListEgressResponse,
  RoomCompositeEgressRequest,
  StopEgressRequest,
  UpdateLayoutRequest,
} from '@livekit/protocol'
import type { JobRegistry } from '../jobs/job-registry.ts'

/**
 * LiveKit's Egress service as far as we record: a whole room to one MP4 of ours. Methods that are not in the map are
 * answered `unimplemented`. `toolsFault` says what is wrong with ffmpeg, or null.
 */
export function egressMethods(options: {
  jobs: JobRegistry
  infoOf: (state: RecordingState) => EgressInfo
  toolsFault: () => Promise<string | null>
}): Map<string, TwirpMethod<void>> {
  const { jobs, infoOf, toolsFault } = options

  const start = twirpMethod(RoomCompositeEgressRequest, async request => {
    const layout = layoutOf(request.layout)
    assertServable(request)
    const fault = await toolsFault()
    if (fault) throw new AppError('ffmpeg_missing', fault)
    return infoOf(
      await jobs.startRecording({ roomName: request.roomName, layout, request: request.toJson() }),
    )
  })

  const stop = twirpMethod(StopEgressRequest, async request => {
    const { phase } = (await jobs.get(request.egressId)).state
    if (isFinal(phase) || phase === 'ending')
      throw new AppError('failed_precondition', `egress with status ${phase} cannot be stopped`)
    const state = await jobs.stop(request.egressId)
    const info = infoOf(state)
    // The capture lets go of its files before the state says so; LiveKit's caller hears of the ending at once.
    if (!isFinal(state.phase)) info.status = EgressStatus.EGRESS_ENDING
    return info
  })

  const list = twirpMethod(ListEgressRequest, async request => {
    const states = await jobs.list({
      roomName: request.roomName,
      egressId: request.egressId,
      isActive: request.active,
    })
    return new ListEgressResponse({ items: states.map(infoOf) })
  })

  const updateLayout = twirpMethod(UpdateLayoutRequest, async request => {
    return infoOf(await jobs.setLayout(request.egressId, layoutOf(request.layout)))
  })

  return new Map([
    ['StartRoomCompositeEgress', start],
    ['StopEgress', stop],
    ['ListEgress', list],
    ['UpdateLayout', updateLayout],
  ])
}

/** LiveKit's template names are accepted: `grid-dark`, `speaker-light`, `single-speaker` ... */
function layoutOf(name: string): RecordingLayout {
  if (name === '' || /^(single-)?speaker\b/.test(name)) return 'speaker'
  if (/^grid\b/.test(name)) return 'grid'
  throw new AppError('invalid_argument', `layout ${name} is not known: speaker, grid`)
}

/** Refuses what would silently not happen. @throws AppError `invalid_argument`, `unimplemented`. */
function assertServable(request: RoomCompositeEgressRequest): void {
  if (request.roomName === '') throw new AppError('invalid_argument', 'room_name is missing')
  if (request.audioOnly || request.videoOnly || request.customBaseUrl !== '')
    throw new AppError('unimplemented', 'audio_only, video_only and custom_base_url are not implemented')
  const file = request.fileOutputs[0] ?? (request.output.case === 'file' ? request.output.value : undefined)
  const others =
    request.streamOutputs.length + request.segmentOutputs.length + request.imageOutputs.length > 0 ||
    request.fileOutputs.length > 1 ||
    (request.output.case !== undefined && request.output.case !== 'file')
  if (!file || others) throw new AppError('unimplemented', 'exactly one file output is implemented')
  if (file.fileType !== EncodedFileType.MP4 && file.fileType !== EncodedFileType.DEFAULT_FILETYPE)
    throw new AppError('unimplemented', 'only MP4 is implemented')
  if (file.output.case !== undefined)
    throw new AppError('unimplemented', 'uploads are not implemented: the file is served from here')
}
