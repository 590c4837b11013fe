/* Runs in the browser of browser-peer.ts beside livekit-client's own bundle (global LivekitClient). */
const { Room, RoomEvent } = window.LivekitClient

const room = new Room({ adaptiveStream: false, dynacast: false })
const data = []
const errors = []
let disconnectedBy = null

room.on(RoomEvent.DataReceived, (payload, participant, kind, topic) =>
  data.push({
    from: participant?.identity ?? '',
    text: new TextDecoder().decode(payload),
    topic: topic ?? '',
    reliable: kind === 0,
  }),
)
room.on(RoomEvent.TrackSubscribed, track => track.attach())
room.on(RoomEvent.TrackUnsubscribed, track => track.detach())
room.on(RoomEvent.Disconnected, reason => {
  disconnectedBy = reason ?? -1
})
room.on(RoomEvent.MediaDevicesError, error => errors.push(String(error)))

/** Sums of the receiver's statistics over the tracks of one participant. */
async function receivedFrom(identity) {
  const sum = { framesDecoded: 0, totalAudioEnergy: 0, frameWidth: 0 }
  const participant = room.remoteParticipants.get(identity)
  for (const { track } of participant?.trackPublications.values() ?? []) {
    const report = await track?.getRTCStatsReport()
    report?.forEach(stat => {
      if (stat.type !== 'inbound-rtp') return
      sum.framesDecoded += stat.framesDecoded ?? 0
      sum.totalAudioEnergy += stat.totalAudioEnergy ?? 0
      sum.frameWidth = Math.max(sum.frameWidth, stat.frameWidth ?? 0)
    })
  }
  return sum
}

window.peer = {
  data,
  errors,
  receivedFrom,
  disconnectedBy: () => disconnectedBy,
  state: () => room.state,
  identities: () => [...room.remoteParticipants.keys()],
  async join(url, token) {
    disconnectedBy = null
    const startedAt = performance.now()
    await room.connect(url, token)
    return performance.now() - startedAt
  },
  /** Joins and waits for the first decoded picture of anyone: milliseconds to connected and to the picture, from the call on. */
  async timedJoin(url, token) {
    const startedAt = performance.now()
    await room.connect(url, token)
    const connectedMs = performance.now() - startedAt
    for (;;) {
      for (const identity of room.remoteParticipants.keys())
        if ((await receivedFrom(identity)).framesDecoded > 0)
          return { connectedMs, firstFrameMs: performance.now() - startedAt }
      if (performance.now() - startedAt > 15_000) throw new Error('no picture within 15 s')
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  },
  async publish() {
    await room.localParticipant.setCameraEnabled(true, {
      resolution: { width: 640, height: 360, frameRate: 15 },
    })
    await room.localParticipant.setMicrophoneEnabled(true)
    return [...room.localParticipant.trackPublications.values()].map(({ trackSid }) => trackSid)
  },
  send: (text, options) =>
    room.localParticipant.publishData(new TextEncoder().encode(text), {
      reliable: options.reliable,
      topic: options.topic,
      destinationIdentities: options.to,
    }),
  leave: () => room.disconnect(),
}
