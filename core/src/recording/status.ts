import { z } from 'zod'
import { AppError } from '../errors.ts'

/**
 * Life of one recording: `starting` (waiting for the room) → `active` (media is written) → `ending` (capture is over,
 * the file is being composed) → `complete`, `failed` or `aborted` (stopped before anything was captured).
 */
export const recordingPhase = z.enum(['starting', 'active', 'ending', 'complete', 'failed', 'aborted'])
export type RecordingPhase = z.infer<typeof recordingPhase>

export const recordingLayout = z.enum(['speaker', 'grid'])
export type RecordingLayout = z.infer<typeof recordingLayout>

/** Why capturing ended: a person stopped it, the room closed, the room did not come back, or capturing failed. */
export const captureEndReason = z.enum(['stopped', 'room_closed', 'room_lost', 'capture_failed'])
export type CaptureEndReason = z.infer<typeof captureEndReason>

export const recordingResult = z.object({
  durationMs: z.number().nonnegative(),
  sizeBytes: z.number().int().nonnegative(),
})
export type RecordingResult = z.infer<typeof recordingResult>

/** What `recordings` keeps of a job across restarts. Times are milliseconds since the epoch on the recorder's clock. */
export const recordingState = z.object({
  version: z.literal(1),
  egressId: z.string(),
  roomName: z.string(),
  roomId: z.string(),
  layout: recordingLayout,
  phase: recordingPhase,
  requestedAtMs: z.number(),
  /** First moment of the recorded time: the room was joined. */
  startedAtMs: z.number().nullable(),
  /** Last moment of the recorded time. */
  captureEndedAtMs: z.number().nullable(),
  endReason: captureEndReason.nullable(),
  /** When a final phase was reached. */
  finishedAtMs: z.number().nullable(),
  /** Last moment the recorder is known to have been attached to the room. */
  aliveAtMs: z.number().nullable(),
  /** Composition, 0..100. */
  progressPercent: z.number(),
  error: z.string().nullable(),
  result: recordingResult.nullable(),
  /** The request as LiveKit JSON, given back in EgressInfo. */
  request: z.unknown(),
})
export type RecordingState = z.infer<typeof recordingState>

export type RecordingEvent =
  | { type: 'room_joined'; at: number; roomId: string }
  | { type: 'alive'; at: number }
  | { type: 'layout_changed'; layout: RecordingLayout }
  /** `at` is the end of the recorded time, which may lie before the moment of the event. */
  | { type: 'capture_ended'; at: number; reason: CaptureEndReason; error?: string }
  | { type: 'composing'; percent: number }
  | { type: 'composed'; at: number; result: RecordingResult }
  | { type: 'failed'; at: number; error: string }

export function newRecording(options: {
  egressId: string
  roomName: string
  layout: RecordingLayout
  at: number
  request: unknown
}): RecordingState {
  return {
    version: 1,
    egressId: options.egressId,
    roomName: options.roomName,
    roomId: '',
    layout: options.layout,
    phase: 'starting',
    requestedAtMs: options.at,
    startedAtMs: null,
    captureEndedAtMs: null,
    endReason: null,
    finishedAtMs: null,
    aliveAtMs: null,
    progressPercent: 0,
    error: null,
    result: null,
    request: options.request,
  }
}

export const isFinal = (phase: RecordingPhase): boolean =>
  phase === 'complete' || phase === 'failed' || phase === 'aborted'

/**
 * The only place where a recording changes its phase. Returns the same object when nothing changes; throws
 * AppError('recording_transition') for an event its phase does not allow.
 */
export function reduceRecording(state: RecordingState, event: RecordingEvent): RecordingState {
  switch (event.type) {
    case 'room_joined':
      // A recorder that comes back after a crash joins again: the recorded time began with the first join.
      if (state.phase === 'active') return { ...state, aliveAtMs: event.at, roomId: event.roomId }
      requirePhase(state, event, 'starting')
      return { ...state, phase: 'active', roomId: event.roomId, startedAtMs: event.at, aliveAtMs: event.at }
    case 'alive':
      requirePhase(state, event, 'active')
      return { ...state, aliveAtMs: event.at }
    case 'layout_changed':
      requirePhase(state, event, 'starting', 'active')
      return state.layout === event.layout ? state : { ...state, layout: event.layout }
    case 'capture_ended': {
      // Asked to stop twice, or the room closes while we stop: the first end counts.
      if (state.phase === 'ending' || isFinal(state.phase)) return state
      const error = event.error ?? state.error
      if (state.startedAtMs === null) {
        const phase = event.reason === 'stopped' ? 'aborted' : 'failed'
        const why = error ?? (event.reason === 'stopped' ? null : 'the room was not there to be recorded')
        return { ...state, phase, endReason: event.reason, finishedAtMs: event.at, error: why }
      }
      const captureEndedAtMs = Math.max(state.startedAtMs, event.at)
      return { ...state, phase: 'ending', captureEndedAtMs, endReason: event.reason, error }
    }
    case 'composing': {
      requirePhase(state, event, 'ending')
      const progressPercent = Math.max(0, Math.min(100, Math.floor(event.percent)))
      return progressPercent === state.progressPercent ? state : { ...state, progressPercent }
    }
    case 'composed':
      requirePhase(state, event, 'ending')
      // Material that ended with a fault of the capture is delivered as far as it goes, and still called failed.
      return {
        ...state,
        phase: state.endReason === 'capture_failed' ? 'failed' : 'complete',
        progressPercent: 100,
        result: event.result,
        finishedAtMs: event.at,
      }
    case 'failed':
      if (isFinal(state.phase)) return state
      return { ...state, phase: 'failed', error: event.error, finishedAtMs: event.at }
  }
}

function requirePhase(state: RecordingState, event: RecordingEvent, ...phases: RecordingPhase[]): void {
  if (!phases.includes(state.phase))
    throw new AppError(
      'recording_transition',
      `recording ${state.egressId} is ${state.phase}: ${event.type} is not allowed`,
    )
}
