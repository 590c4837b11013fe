import type { RecordingPhase, RecordingState } from '@diemcau/core/recording/status.ts'
import {
  EgressInfo,
  EgressSourceType,
  EgressStatus,
  FileInfo,
  RoomCompositeEgressRequest,
} from '@livekit/protocol'

const STATUS: Record<RecordingPhase, EgressStatus> = {
  starting: EgressStatus.EGRESS_STARTING,
  active: EgressStatus.EGRESS_ACTIVE,
  ending: EgressStatus.EGRESS_ENDING,
  complete: EgressStatus.EGRESS_COMPLETE,
  failed: EgressStatus.EGRESS_FAILED,
  aborted: EgressStatus.EGRESS_ABORTED,
}

/** LiveKit counts in nanoseconds. */
const nanoseconds = (ms: number | null): bigint => (ms === null ? 0n : BigInt(Math.round(ms)) * 1_000_000n)

/** A recording as LiveKit's EgressInfo. `publicUrl` is where the file server is reached, without a slash at its end. */
export function egressInfoOf(state: RecordingState, publicUrl: string): EgressInfo {
  const request = requestOf(state)
  const info = new EgressInfo({
    egressId: state.egressId,
    roomId: state.roomId,
    roomName: state.roomName,
    sourceType: EgressSourceType.WEB,
    status: STATUS[state.phase],
    startedAt: nanoseconds(state.startedAtMs),
    endedAt: nanoseconds(state.finishedAtMs),
    updatedAt: nanoseconds(state.finishedAtMs ?? state.aliveAtMs ?? state.requestedAtMs),
    request: { case: 'roomComposite', value: request },
    error: state.phase === 'failed' || state.phase === 'aborted' ? (state.error ?? '') : '',
    details: detailsOf(state),
  })
  // Of a failed one too, without a length: what was captured lies there and can be deleted at this address.
  if (state.result || state.phase === 'failed') {
    const file = new FileInfo({
      filename: requestedPath(request) || 'recording.mp4',
      startedAt: nanoseconds(state.startedAtMs),
      endedAt: nanoseconds(state.captureEndedAtMs),
      duration: nanoseconds(state.result?.durationMs ?? null),
      size: BigInt(state.result?.sizeBytes ?? 0),
      location: `${publicUrl}/files/${state.egressId}/recording.mp4`,
    })
    info.fileResults = [file]
    // Older clients read the deprecated field.
    info.result = { case: 'file', value: file }
  }
  return info
}

/** The request as it was made. One that cannot be read any more must not hide this recording, or all others, from a list. */
function requestOf(state: RecordingState): RoomCompositeEgressRequest {
  try {
    return RoomCompositeEgressRequest.fromJson(state.request as never, { ignoreUnknownFields: true })
  } catch {
    return new RoomCompositeEgressRequest({ roomName: state.roomName, layout: state.layout })
  }
}

function detailsOf(state: RecordingState): string {
  if (state.phase === 'ending') return `composing ${state.progressPercent}`
  return state.endReason ?? ''
}

function requestedPath(request: RoomCompositeEgressRequest): string {
  return (
    request.fileOutputs[0]?.filepath ?? (request.output.case === 'file' ? request.output.value.filepath : '')
  )
}
