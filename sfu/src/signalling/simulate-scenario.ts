/** SimulateScenario: tests of the client's own recovery. Each touches only the one who asks. */
import { CandidateProtocol, type SimulateScenario, SpeakerInfo, SpeakersChanged } from '@livekit/protocol'
import type { Participant } from '../room/member/participant.ts'
import type { Room } from '../room/room.ts'

const MAX_SPEAKING_S = 60

/** False for a scenario this server has never heard of. */
export function simulateScenario(
  { scenario }: SimulateScenario,
  { participant, room }: { participant: Participant; room: Room },
): boolean {
  switch (scenario.case) {
    case 'speakerUpdate':
      speak(participant, Math.min(scenario.value, MAX_SPEAKING_S))
      return true
    case 'serverLeave':
      room.leave(participant, 'simulated_leave')
      return true
    case 'leaveRequestFullReconnect':
      room.leave(participant, 'simulated_reconnect')
      return true
    // The participant ends without a word, as on a node that died or handed it over. Its resume finds nobody here.
    case 'nodeFailure':
    case 'migration':
      room.leave(participant, 'simulated_loss')
      return true
    case 'disconnectSignalOnResume':
      participant.dropsSignalOnResume = 'after_reply'
      return true
    case 'disconnectSignalOnResumeNoMessages':
      participant.dropsSignalOnResume = 'before_reply'
      return true
    case 'subscriberBandwidth':
      participant.limitBitrate(Number(scenario.value))
      return true
    case 'switchCandidateProtocol':
      // Candidates over TLS are the TURN server's. Among our own, TCP comes nearest.
      room.preferProtocol(participant.identity, scenario.value === CandidateProtocol.UDP ? 'udp' : 'tcp')
      return true
    default:
      return false
  }
}

/** The timer of each participant that plays a speaker; it fires when the participant falls silent. */
const speaking = new WeakMap<Participant, NodeJS.Timeout>()

/** As if the sender had spoken for `seconds` from now on; a further one takes the place of the one before. */
function speak(participant: Participant, seconds: number): void {
  const tell = (active: boolean) => {
    const speaker = new SpeakerInfo({ sid: participant.id, level: active ? 0.9 : 0, active })
    participant.send({ case: 'speakersChanged', value: new SpeakersChanged({ speakers: [speaker] }) })
  }
  tell(true)
  clearTimeout(speaking.get(participant))
  // The timer may fire after the participant has gone, whose `send` then does nothing.
  speaking.set(participant, setTimeout(() => tell(false), Math.max(0, seconds) * 1000).unref())
}
