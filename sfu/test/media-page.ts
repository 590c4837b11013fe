/** What runs inside the browser page; see media-client.ts. Plain functions on one global, no module loader. */

export interface PageClient {
  received: string[]
  addTrack(options: { kind: 'audio' | 'video'; codec?: string; layers: number }): Promise<string>
  stopTrack(cid: string): void
  publisherOffer(iceRestart: boolean): Promise<string>
  publisherAnswer(sdp: string): Promise<void>
  subscriberAnswer(sdp: string): Promise<string>
  inbound(): Promise<Record<string, { frames: number; width: number; packets: number; codec: string }>>
  outboundLayers(): Promise<{ rid: string; frames: number }[]>
  sendData(label: string, text: string): Promise<void>
  /** Both connections, as an SDK does that begins anew. */
  close(): void
}

declare global {
  var client: PageClient
  interface Window {
    client: PageClient
  }
  var window: Window & typeof globalThis
}

export const pageScript = `
window.client = (() => {
  const pub = new RTCPeerConnection()
  const sub = new RTCPeerConnection()
  const received = []
  const channels = {}
  for (const [label, init] of [['_lossy', { ordered: false, maxRetransmits: 0 }], ['_reliable', { ordered: true }]]) {
    channels[label] = pub.createDataChannel(label, init)
  }
  sub.ondatachannel = ({ channel }) => {
    received.push('open ' + channel.label)
    channel.binaryType = 'arraybuffer'
    channel.onmessage = e => received.push(channel.label + ' ' + new TextDecoder().decode(e.data))
  }
  const elements = []
  sub.ontrack = e => {
    received.push('track ' + e.streams[0].id + ' ' + e.track.id)
    const el = document.createElement(e.track.kind)
    el.srcObject = new MediaStream([e.track]); el.muted = true; el.autoplay = true
    elements.push(el); document.body.append(el)
  }
  const canvasTrack = () => {
    const canvas = document.createElement('canvas')
    // Chrome sends three simulcast layers from 960x540 on.
    canvas.width = 960; canvas.height = 540
    const context = canvas.getContext('2d')
    let n = 0
    setInterval(() => {
      n += 7
      context.fillStyle = 'hsl(' + n % 360 + ' 80% 50%)'
      context.fillRect(0, 0, 960, 540)
      context.fillStyle = 'white'
      context.fillRect(n % 900, n % 500, 40, 40)
    }, 50)
    return canvas.captureStream(20).getVideoTracks()[0]
  }
  const toneTrack = () => {
    const audio = new AudioContext()
    const tone = audio.createOscillator()
    const out = audio.createMediaStreamDestination()
    tone.connect(out); tone.start(); audio.resume()
    return out.stream.getAudioTracks()[0]
  }
  return {
    received,
    async addTrack({ kind, codec, layers }) {
      const track = kind === 'audio' ? toneTrack() : canvasTrack()
      const rids = ['q', 'h', 'f'].slice(0, layers)
      const sendEncodings = layers > 1 && !['vp9', 'av1'].includes(codec)
        ? rids.map((rid, i) => ({ rid, scaleResolutionDownBy: 2 ** (layers - 1 - i), maxBitrate: 100_000 * 3 ** i }))
        : layers > 1 ? [{ scalabilityMode: 'L' + layers + 'T3_KEY', maxBitrate: 900_000 }] : [{ maxBitrate: 900_000 }]
      const transceiver = pub.addTransceiver(track, { direction: 'sendonly', sendEncodings, streams: [new MediaStream()] })
      if (codec) {
        const all = RTCRtpSender.getCapabilities(kind).codecs
        const first = all.filter(c => c.mimeType.toLowerCase() === kind + '/' + codec)
        transceiver.setCodecPreferences([...first, ...all.filter(c => !first.includes(c))])
      }
      // On a busy machine Chrome would shrink the picture; the tests look at its size, so let it drop frames instead.
      const parameters = transceiver.sender.getParameters()
      parameters.degradationPreference = 'maintain-resolution'
      await transceiver.sender.setParameters(parameters)
      return track.id
    },
    stopTrack(cid) {
      const transceiver = pub.getTransceivers().find(t => t.sender.track && t.sender.track.id === cid)
      transceiver.sender.track.stop()
      pub.removeTrack(transceiver.sender)
    },
    async publisherOffer(iceRestart) {
      const offer = await pub.createOffer({ iceRestart })
      await pub.setLocalDescription(offer)
      return pub.localDescription.sdp
    },
    async publisherAnswer(sdp) { await pub.setRemoteDescription({ type: 'answer', sdp }) },
    async subscriberAnswer(sdp) {
      await sub.setRemoteDescription({ type: 'offer', sdp })
      const answer = await sub.createAnswer()
      await sub.setLocalDescription(answer)
      return sub.localDescription.sdp
    },
    async inbound() {
      const stats = await sub.getStats()
      const result = {}
      for (const transceiver of sub.getTransceivers()) {
        const line = sub.remoteDescription.sdp.split('\\r\\nm=').slice(1)
          .find(s => s.includes('a=mid:' + transceiver.mid + '\\r\\n'))
        const id = line && line.includes('a=sendonly') && /a=msid:\\S+ (TR_\\w+)/.exec(line)
        if (!id) continue
        for (const s of stats.values()) {
          if (s.type !== 'inbound-rtp' || s.mid !== transceiver.mid) continue
          result[id[1]] = {
            frames: s.framesDecoded || 0, width: s.frameWidth || 0, packets: s.packetsReceived,
            codec: (stats.get(s.codecId) || {}).mimeType || '',
          }
        }
      }
      return result
    },
    async outboundLayers() {
      const stats = await pub.getStats()
      return [...stats.values()].filter(s => s.type === 'outbound-rtp' && s.kind === 'video')
        .map(s => ({ rid: s.rid || '', frames: s.framesEncoded || 0 }))
    },
    close() {
      pub.close()
      sub.close()
    },
    async sendData(label, text) {
      const channel = (channels[label] ??= pub.createDataChannel(label))
      if (channel.readyState !== 'open') await new Promise(resolve => { channel.onopen = resolve })
      channel.send(new TextEncoder().encode(text))
    },
  }
})()
`
