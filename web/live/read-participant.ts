import { attends } from '@diemcau/core/attendance/attends.ts'
import { formatEndpointName, isViewerIdentity } from '@diemcau/core/contracts/participant.ts'
import { type MeetingRole, meetingRoles } from '@diemcau/core/roles.ts'
import {
  ConnectionQuality,
  type Participant,
  ParticipantKind,
  Track,
  type TrackPublication,
} from 'livekit-client'
import { type DeviceState, type LinkQuality, type ParticipantView, parseOrder } from './participant-view.ts'
import { placeLabel } from './place-label.ts'

/**
 * Viewers and recorders are in the room without being part of the meeting. The media server tells of a viewer only while
 * they have the floor: then they are shown, but not to themselves.
 */
export function isShownParticipant(participant: Participant): boolean {
  if (isViewerIdentity(participant.identity)) return !participant.isLocal
  return participant.kind !== ParticipantKind.EGRESS && participant.kind !== ParticipantKind.AGENT
}

export function readParticipant(participant: Participant): ParticipantView {
  const { hall = '', unit = '', endpointId = '', role, order } = participant.attributes
  const name = formatEndpointName(hall, unit) || participant.name || participant.identity
  const camera = participant.getTrackPublication(Track.Source.Camera)
  const screen = participant.getTrackPublication(Track.Source.ScreenShare)
  return {
    identity: participant.identity,
    participantId: participant.sid,
    name,
    shortName: endpointId ? placeLabel(hall, unit) : name,
    role: readRole(role),
    endpointId,
    order: parseOrder(order),
    isLocal: participant.isLocal,
    attends: attends({
      identity: participant.identity,
      role: role ?? '',
      kind: participant.kind,
      hidden: participant.permissions?.hidden,
      recorder: participant.permissions?.recorder,
      agent: participant.permissions?.agent,
    }),
    microphone: deviceState(participant.getTrackPublication(Track.Source.Microphone)),
    camera: deviceState(camera),
    cameraTrackId: camera?.trackSid ?? null,
    cameraPicture: pictureOf(camera),
    screenTrackId: screen?.trackSid ?? null,
    screenPicture: pictureOf(screen),
    isCameraPaused: isPaused(camera),
    isScreenPaused: isPaused(screen),
    isSpeaking: participant.isSpeaking,
    quality: linkQuality(participant.connectionQuality),
  }
}

const readRole = (text: string | undefined): MeetingRole =>
  meetingRoles.find(role => role === text) ?? 'guest'

const deviceState = (publication: TrackPublication | undefined): DeviceState =>
  publication === undefined ? 'none' : publication.isMuted ? 'off' : 'on'

const isPaused = (publication: TrackPublication | undefined): boolean =>
  publication?.track?.streamState === Track.StreamState.Paused

const pictureNumbers = new WeakMap<Track, number>()
let pictures = 0

/** After a full reconnect a track keeps its id but is another object, and must be attached anew. */
function pictureOf(publication: TrackPublication | undefined): number {
  const track = publication?.track
  if (!publication || !track || !publication.isSubscribed || publication.isMuted) return 0
  const known = pictureNumbers.get(track)
  if (known) return known
  pictures += 1
  pictureNumbers.set(track, pictures)
  return pictures
}

const linkQuality = (quality: ConnectionQuality): LinkQuality =>
  quality === ConnectionQuality.Poor ? 'weak' : quality === ConnectionQuality.Lost ? 'lost' : 'good'
