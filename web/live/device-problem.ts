/** Why a camera, a microphone or a screen could not be opened, in the terms of what a person can do about it. */
export type DeviceProblem = 'denied' | 'missing' | 'busy' | 'insecure' | 'unsupported' | 'other'

/** Reads the error names of Media Capture and Streams §10 and the older ones browsers still use. */
export function deviceProblem(error: unknown): DeviceProblem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
    case 'SecurityError':
      return 'denied'
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'missing'
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy'
    case 'NotSupportedError':
      return 'unsupported'
    default:
      return 'other'
  }
}
