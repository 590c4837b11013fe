/** SignalRequest → what the participant or the room does. docs/signalling.md is the table of this file in words. */
import { AppError } from '@diemcau/core/errors.ts'
import {
  Pong,
  RequestResponse,
  RequestResponse_Reason,
  type SignalRequest,
  type SimulateScenario,
  SpeakerInfo,
  SpeakersChanged,
  SubscriptionError,
  SubscriptionResponse,
  type SyncState,
  type UpdateParticipantMetadata,
  type UpdateSubscription,
  type UpdateTrackSettings,
} from '@livekit/protocol'
import type { Participant } from '../room/participant.ts'
import type { Room } from '../room/room.ts'

interface Target {
  room: Room
  participant: Participant
}

/** No message names more tracks than this; what is over is not looked at. */
const SIDS_PER_MESSAGE = 2_000

/** False for a message that has no effect here. Must not await: messages take effect in the order they came. */
export function dispatchRequest(request: SignalRequest, target: Target): boolean {
  const { participant, room } = target
  const { message } = request
  switch (message.case) {
    case 'offer':
      void participant.publications.handleOffer(message.value)
      return true
    case 'answer':
      void participant.handleSubscriberAnswer(message.value)
      return true
    case 'trickle':
      // ICE-lite: we answer the client's checks and need none of its candidates.
      return true
    case 'addTrack':
      participant.publications.addTrack(message.value)
      return true
    case 'mute':
      participant.publications.setMutedByClient(message.value.sid, message.value.muted)
      return true
    case 'updateAudioTrack':
      participant.publications.setAudioFeatures(message.value.trackSid, message.value.features)
      return true
    case 'updateVideoTrack':
      participant.publications.setVideoSize(message.value.trackSid, message.value.width, message.value.height)
      return true
    case 'subscription':
      updateSubscription(message.value, participant)
      return true
    case 'trackSetting':
      participant.subscriptions.setSettings(sidsOf(message.value), settingsOf(message.value))
      return true
    case 'subscriptionPermission':
      room.changeSubscriptionPermission(participant, message.value)
      return true
    case 'updateMetadata':
      updateMetadata(message.value, target)
      return true
    case 'syncState':
      syncState(message.value, participant)
      return true
    case 'leave':
      room.leave(participant, 'client_left')
      return true
    case 'ping':
      participant.send({ case: 'pong', value: BigInt(Date.now()) })
      return true
    case 'pingReq':
      participant.send({
        case: 'pongResp',
        value: new Pong({ lastPingTimestamp: message.value.timestamp, timestamp: BigInt(Date.now()) }),
      })
      return true
    case 'simulate':
      return simulate(message.value, target)
    case 'publishDataTrackRequest':
      participant.send({
        case: 'requestResponse',
        value: new RequestResponse({
          reason: RequestResponse_Reason.UNSUPPORTED_TYPE,
          message: 'data tracks are not supported',
          request: { case: 'publishDataTrack', value: message.value },
        }),
      })
      return true
    default:
      return false
  }
}

const sidsOf = (update: { trackSids: string[] }): string[] => update.trackSids.slice(0, SIDS_PER_MESSAGE)

function updateSubscription(update: UpdateSubscription, participant: Participant): void {
  const sids = [...update.trackSids, ...update.participantTracks.flatMap(tracks => tracks.trackSids)]
  const unknown = participant.subscriptions.setWanted(sids.slice(0, SIDS_PER_MESSAGE), update.subscribe)
  if (!update.subscribe) return
  for (const trackSid of unknown)
    participant.send({
      case: 'subscriptionResponse',
      value: new SubscriptionResponse({ trackSid, err: SubscriptionError.SE_TRACK_NOTFOUND }),
    })
}

const settingsOf = (update: UpdateTrackSettings) => ({
  disabled: update.disabled,
  // OFF (3) is said by `disabled`; anything else out of range counts as HIGH.
  quality: update.quality >= 0 && update.quality <= 2 ? update.quality : 2,
  width: update.width,
  height: update.height,
  fps: update.fps,
  priority: update.priority,
})

/** Needs canUpdateOwnMetadata. Empty strings leave metadata and name as they are, as in LiveKit. */
function updateMetadata(update: UpdateParticipantMetadata, { participant, room }: Target): void {
  const respond = (reason: RequestResponse_Reason, message: string) => {
    // Older clients send no request id and expect no answer.
    if (update.requestId === 0) return
    const request = { case: 'updateMetadata' as const, value: update }
    const value = new RequestResponse({ requestId: update.requestId, reason, message, request })
    participant.send({ case: 'requestResponse', value })
  }
  if (!participant.permission.canUpdateMetadata) {
    respond(RequestResponse_Reason.NOT_ALLOWED, 'the token does not allow changing own metadata')
    return
  }
  try {
    room.changeProfile(participant, {
      ...(update.metadata === '' ? {} : { metadata: update.metadata }),
      ...(update.name === '' ? {} : { name: update.name }),
      attributes: update.attributes,
    })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    respond(RequestResponse_Reason.LIMIT_EXCEEDED, error.message)
    return
  }
  respond(RequestResponse_Reason.OK, '')
}

/** After a resume: what the client believes. Its tracks and subscriptions were kept, so only differences matter. */
function syncState(state: SyncState, participant: Participant): void {
  if (state.subscription) {
    const sids = state.subscription.trackSids.slice(0, SIDS_PER_MESSAGE)
    participant.subscriptions.setWanted(sids, state.subscription.subscribe)
  }
  participant.subscriptions.setDisabled(state.trackSidsDisabled.slice(0, SIDS_PER_MESSAGE))
  const published = state.publishTracks.map(track => track.track?.sid ?? '').filter(sid => sid !== '')
  participant.publications.syncClient(published.slice(0, SIDS_PER_MESSAGE))
}

/** Tests of the client's own recovery; each touches only the one who asks. False for those not played here. */
function simulate({ scenario }: SimulateScenario, { participant, room }: Target): boolean {
  switch (scenario.case) {
    case 'speakerUpdate': {
      const speaker = new SpeakerInfo({ sid: participant.id, level: 0.5, active: true })
      participant.send({ case: 'speakersChanged', value: new SpeakersChanged({ speakers: [speaker] }) })
      return true
    }
    case 'serverLeave':
      room.leave(participant, 'simulated_leave')
      return true
    case 'leaveRequestFullReconnect':
    case 'nodeFailure':
    case 'migration':
      room.leave(participant, 'simulated_reconnect')
      return true
    case 'disconnectSignalOnResume':
    case 'disconnectSignalOnResumeNoMessages':
      participant.dropsSignalOnResume = true
      return true
    default:
      return false
  }
}
