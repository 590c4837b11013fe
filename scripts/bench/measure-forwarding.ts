import { createRequire } from 'node:module'
import type { types } from 'mediasoup'
import { RtcClients } from '../worker/rtc-clients.mjs'

/** One measurement. */
export interface ForwardingRun {
  profile: string
  bandwidthEstimation: boolean
  receivers: number
  /** Worker CPU per forwarded packet. */
  microseconds: number
  /** Of these, in the kernel. */
  kernelMicroseconds: number
  /** Percent of one core. */
  cpuPercent: number
  packets: number
  lost: number
  /** Median estimate over the receivers' transports; 0 without estimation. */
  estimatedBps: number
}

export interface ForwardingInput {
  program: string
  workerBin: string
  profile: string
  bandwidthEstimation: boolean
  receivers: number
  seconds: number
}

const SETTLE_MS = 2000
const FEEDBACK = /^(transport-cc|goog-remb)$/
const ESTIMATION_EXTENSION = /transport-wide-cc|abs-send-time/

/** Starts a worker and the clients, measures once, and stops both. @throws Error when a client cannot connect */
export async function measureForwarding(input: ForwardingInput): Promise<ForwardingRun> {
  const { profile, bandwidthEstimation, receivers, seconds } = input
  const mediasoup = createRequire(import.meta.url)('mediasoup') as typeof import('mediasoup')
  const worker = await mediasoup.createWorker({ workerBin: input.workerBin, logLevel: 'error' })
  const clients = await RtcClients.create(input.program)
  try {
    const router = await worker.createRouter({
      mediaCodecs: [{ kind: 'video', mimeType: 'video/VP8', clockRate: 90000, preferredPayloadType: 96 }],
    })
    const server = await worker.createWebRtcServer({
      listenInfos: [{ protocol: 'udp', ip: '127.0.0.1', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 }],
    })
    const connect = async (id: number) => {
      const transport = await router.createWebRtcTransport({
        webRtcServer: server,
        initialAvailableOutgoingBitrate: 2_000_000,
      })
      const dtlsParameters = {
        role: 'client' as const,
        fingerprints: [{ algorithm: 'sha-256' as const, value: clients.fingerprint }],
      }
      await transport.connect({ dtlsParameters })
      const fingerprint = transport.dtlsParameters.fingerprints.find(f => f.algorithm === 'sha-256')!.value
      const { usernameFragment: ufrag, password } = transport.iceParameters
      const port = transport.iceCandidates[0]!.port
      await clients.open(id, { ip: '127.0.0.1', port, ufrag, password, fingerprint }, { profiles: profile })
      return transport
    }
    const sending = await connect(0)
    const transports: types.WebRtcTransport[] = []
    for (let id = 1; id <= receivers; id += 25) {
      const count = Math.min(25, receivers - id + 1)
      transports.push(...(await Promise.all(Array.from({ length: count }, (_, i) => connect(id + i)))))
    }
    const producer = await sending.produce({
      kind: 'video',
      rtpParameters: {
        codecs: [
          {
            mimeType: 'video/VP8',
            payloadType: 96,
            clockRate: 90000,
            rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
          },
        ],
        encodings: [{ ssrc: 1 }],
      },
    })
    const rtpCapabilities = structuredClone(router.rtpCapabilities)
    if (!bandwidthEstimation) {
      for (const codec of rtpCapabilities.codecs ?? [])
        codec.rtcpFeedback = codec.rtcpFeedback?.filter(({ type }) => !FEEDBACK.test(type))
      rtpCapabilities.headerExtensions = rtpCapabilities.headerExtensions?.filter(
        ({ uri }) => !ESTIMATION_EXTENSION.test(uri),
      )
    }
    for (const [index, transport] of transports.entries()) {
      const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities })
      const extension = consumer.rtpParameters.headerExtensions?.find(({ uri }) =>
        uri.includes('transport-wide-cc'),
      )
      if (extension) clients.feedback(index + 1, extension.id)
    }
    clients.send(0, { ssrc: 1, payloadType: 96, kind: 'vp8', stream: 1 })
    await new Promise(resolve => setTimeout(resolve, SETTLE_MS))

    const sample = async () => {
      const usage = await worker.getResourceUsage()
      const streams = (await clients.stats()).peers.flatMap(peer => peer.received.filter(r => r.stream === 1))
      const sum = (pick: (stream: (typeof streams)[number]) => number) =>
        streams.reduce((total, stream) => total + pick(stream), 0)
      return {
        at: performance.now(),
        user: usage.ru_utime,
        system: usage.ru_stime,
        packets: sum(s => s.packets),
        lost: sum(s => s.lost),
      }
    }
    const before = await sample()
    await new Promise(resolve => setTimeout(resolve, seconds * 1000))
    const after = await sample()
    const packets = after.packets - before.packets
    if (packets === 0) throw new Error(`${profile}: no packet arrived`)
    const system = after.system - before.system
    const cpuMs = after.user - before.user + system
    const stats = (await Promise.all(transports.map(transport => transport.getStats()))).flat()
    const estimates = stats.map(stat => stat.availableOutgoingBitrate ?? 0)
    return {
      profile,
      bandwidthEstimation,
      receivers,
      microseconds: round((cpuMs * 1000) / packets),
      kernelMicroseconds: round((system * 1000) / packets),
      cpuPercent: round((cpuMs / (after.at - before.at)) * 100),
      packets,
      lost: after.lost - before.lost,
      estimatedBps: median(estimates),
    }
  } finally {
    await clients.close()
    worker.close()
  }
}

const round = (value: number) => Math.round(value * 100) / 100

export function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
}
