/// <reference lib="dom" />
/**
 * Runs in the browser beside page.ts: which ways media may take (as a firewall would decide) and which it took, and the stock
 * ConnectionCheck. Imported before anything that makes a peer connection; `window.iceLab`, driven by ice-lab.ts.
 */
import { type CheckInfo, ConnectionCheck } from 'livekit-client'

export type CheckName =
  | 'checkWebsocket'
  | 'checkWebRTC'
  | 'checkTURN'
  | 'checkReconnect'
  | 'checkPublishAudio'
  | 'checkPublishVideo'
  | 'checkConnectionProtocol'

/** The way a peer connection's media takes, of its selected candidate pair. */
export interface MediaWay {
  state: RTCPeerConnectionState
  /** 'host', 'srflx', 'prflx', 'relay'. */
  localType: string
  /** Of the local candidate; for a relay, towards the peer. */
  protocol: string
  /** Towards the TURN server, '' without one. */
  relayProtocol: string
  remote: string
}

interface WayStats {
  type: string
  id: string
  selectedCandidatePairId?: string
  localCandidateId?: string
  remoteCandidateId?: string
  nominated?: boolean
  state?: string
  candidateType?: string
  protocol?: string
  relayProtocol?: string
  address?: string
  port?: number
}

const connections: RTCPeerConnection[] = []
let turnUrls: RegExp | undefined
let candidates: RegExp | undefined
let iceServers: RTCIceServer[] = []

const restricted = (configuration?: RTCConfiguration): RTCConfiguration | undefined => {
  iceServers = configuration?.iceServers ?? iceServers
  const pattern = turnUrls
  if (!configuration?.iceServers || !pattern) return configuration
  return {
    ...configuration,
    iceServers: configuration.iceServers.map(server => ({
      ...server,
      urls: [server.urls].flat().filter(url => pattern.test(url)),
    })),
  }
}

const filtered = (description: RTCSessionDescriptionInit): RTCSessionDescriptionInit => {
  const pattern = candidates
  if (!pattern) return description
  const lines = description.sdp
    ?.split('\r\n')
    .filter(line => !line.startsWith('a=candidate:') || pattern.test(line))
  return { type: description.type, sdp: lines?.join('\r\n') ?? '' }
}

window.RTCPeerConnection = class extends window.RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(restricted(configuration))
    connections.push(this)
  }
  override setConfiguration(configuration?: RTCConfiguration): void {
    super.setConfiguration(restricted(configuration))
  }
  override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await super.setRemoteDescription(filtered(description))
  }
  override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
    if (candidates && candidate?.candidate && !candidates.test(candidate.candidate)) return
    await super.addIceCandidate(candidate)
  }
}

export class IceLab {
  /** Only TURN addresses that match are used from now on. */
  allowTurn(pattern: string) {
    turnUrls = new RegExp(pattern)
  }
  /** Only candidates of the server that match are known from now on: the others are behind a wall. */
  allowCandidates(pattern: string) {
    candidates = new RegExp(pattern)
  }
  /** As last given by the server. */
  iceServers(): { urls: string[]; username: string; credential: string }[] {
    return iceServers.map(({ urls, username = '', credential = '' }) => ({
      urls: [urls].flat(),
      username,
      credential,
    }))
  }
  /** Candidate lines of the newest description from the server. */
  serverCandidates(): string[] {
    const sdp = connections.at(-1)?.remoteDescription?.sdp ?? ''
    return sdp.match(/^a=candidate:.*$/gm) ?? []
  }

  /** Of every connection that is not closed. */
  async ways(): Promise<MediaWay[]> {
    const open = connections.filter(pc => pc.connectionState !== 'closed' && pc.remoteDescription)
    return await Promise.all(
      open.map(async pc => {
        const stats = new Map<string, WayStats>()
        for (const [id, value] of (await pc.getStats()) as unknown as Map<string, WayStats>)
          stats.set(id, value)
        const transport = [...stats.values()].find(stat => stat.type === 'transport')
        // Firefox has no selectedCandidatePairId.
        const pair =
          stats.get(transport?.selectedCandidatePairId ?? '') ??
          [...stats.values()].find(
            stat => stat.type === 'candidate-pair' && stat.nominated && stat.state === 'succeeded',
          )
        const local = stats.get(pair?.localCandidateId ?? '')
        const remote = stats.get(pair?.remoteCandidateId ?? '')
        return {
          state: pc.connectionState,
          localType: local?.candidateType ?? '',
          protocol: local?.protocol ?? '',
          relayProtocol: local?.relayProtocol ?? '',
          remote: remote ? `${remote.address}:${remote.port}` : '',
        }
      }),
    )
  }

  /** Asks a TURN server for an allocation. Resolves with the relayed candidates and the errors when gathering has ended. */
  async allocate(server: RTCIceServer): Promise<{ relayed: string[]; errors: number[] }> {
    const pc = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: 'relay' })
    const relayed: string[] = []
    const errors: number[] = []
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate?.candidate) relayed.push(candidate.candidate)
    })
    pc.addEventListener('icecandidateerror', event => errors.push(event.errorCode))
    const gathered = new Promise<void>(resolve =>
      pc.addEventListener('icegatheringstatechange', () => {
        if (pc.iceGatheringState === 'complete') resolve()
      }),
    )
    pc.createDataChannel('probe')
    await pc.setLocalDescription(await pc.createOffer())
    await gathered
    pc.close()
    return { relayed, errors }
  }

  async check(
    name: CheckName,
    url: string,
    token: string,
  ): Promise<Pick<CheckInfo, 'status' | 'logs' | 'data'>> {
    const { status, logs, data } = await new ConnectionCheck(url, token)[name]()
    return { status, logs, data }
  }
}

declare global {
  interface Window {
    iceLab: IceLab
  }
}
window.iceLab = new IceLab()
