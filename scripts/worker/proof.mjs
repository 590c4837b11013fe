/**
 * Proves that a mediasoup worker does what a browser needs of it: a DTLS handshake in both roles, and SRTP in and out
 * with each profile that browsers use. A worker that merely starts may still die at its first handshake.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureRtcClients, RtcClients } from './rtc-clients.mjs'

/** The worker as DTLS server is what browsers meet; as client it serves those that insist on being the server. */
const cases = /** @type {const} */ ([
  { profile: 'SRTP_AEAD_AES_256_GCM', clientRole: 'active' },
  { profile: 'SRTP_AEAD_AES_128_GCM', clientRole: 'active' },
  { profile: 'SRTP_AES128_CM_SHA1_80', clientRole: 'active' },
  { profile: 'SRTP_AES128_CM_SHA1_80', clientRole: 'passive' },
])
const wantedPackets = { opus: 20, vp8: 60 }
const caseLimitMs = 15_000

/**
 * @typedef {object} CaseResult
 * @property {string} profile as OpenSSL names it
 * @property {'server' | 'client'} workerDtlsRole
 * @property {boolean} passed
 * @property {Record<string, { packets: number, intact: number, lost: number }>} received by kind
 * @property {string} [reason]
 *
 * @typedef {object} Proof
 * @property {boolean} passed
 * @property {string} [reason] why not
 * @property {string} worker its path
 * @property {string} at UTC, ISO 8601
 * @property {CaseResult[]} cases
 */

/**
 * @param {string} workerBin
 * @param {{ root?: string, log?: (line: string) => void, srtpDir?: string, allowApt?: boolean }} [options] root: the
 *   checkout; srtpDir: a built libsrtp to link the clients with
 * @returns {Promise<Proof>} rejects with a SetupError when the clients cannot be compiled here
 */
export async function proveWorker(workerBin, options = {}) {
  const root = options.root ?? fileURLToPath(new URL('../..', import.meta.url))
  const { log = () => {}, srtpDir, allowApt = false } = options
  const program = await ensureRtcClients({ root, log, allowApt, srtpDir })
  const mediasoup = createRequire(join(root, 'package.json'))('mediasoup')
  /** @type {CaseResult[]} */
  const results = []
  for (const { profile, clientRole } of cases) {
    const result = await proveCase({ mediasoup, workerBin, program, profile, clientRole })
    results.push(result)
    if (!result.passed) break
  }
  const failed = results.find(result => !result.passed)
  const reason = failed && `${failed.profile}, worker as DTLS ${failed.workerDtlsRole}: ${failed.reason}`
  return {
    passed: !failed,
    ...(reason ? { reason } : {}),
    worker: workerBin,
    at: new Date().toISOString(),
    cases: results,
  }
}

/**
 * One worker and two clients; the first sends, the second receives.
 *
 * @param {object} input
 * @param {typeof import('mediasoup')} input.mediasoup
 * @param {string} input.workerBin
 * @param {string} input.program
 * @param {string} input.profile
 * @param {'active' | 'passive'} input.clientRole
 * @returns {Promise<CaseResult>}
 */
async function proveCase({ mediasoup, workerBin, program, profile, clientRole }) {
  /** @type {CaseResult} */
  const result = {
    profile,
    workerDtlsRole: clientRole === 'active' ? 'server' : 'client',
    passed: false,
    received: {},
  }
  /** @type {RtcClients | undefined} */
  let clients
  /** @type {import('mediasoup').types.Worker | undefined} */
  let worker
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  try {
    worker = await mediasoup.createWorker({ workerBin, logLevel: 'error' })
    const running = worker
    clients = await RtcClients.create(program)
    // A crash must end the case at once and by its name; the requests under way would only say "closed".
    const broken = new Promise((_, reject) => {
      running.once('died', error => reject(new Error(`the worker died: ${error.message}`)))
      timer = setTimeout(() => reject(new Error(`not done after ${caseLimitMs / 1000} s`)), caseLimitMs)
    })
    broken.catch(() => {})
    const work = exchange({ worker, clients, profile, clientRole, result })
    work.catch(() => {})
    await Promise.race([work, broken])
    result.passed = true
  } catch (error) {
    result.reason = /** @type {Error} */ (error).message
    // The death of the process is often seen a moment after the request it broke.
    if (worker?.died && !result.reason.startsWith('the worker died'))
      result.reason = `the worker died (${result.reason})`
  } finally {
    clearTimeout(timer)
    await clients?.close()
    worker?.close()
  }
  return result
}

/**
 * @param {object} input
 * @param {import('mediasoup').types.Worker} input.worker
 * @param {RtcClients} input.clients
 * @param {string} input.profile
 * @param {'active' | 'passive'} input.clientRole
 * @param {CaseResult} input.result its `received` is filled
 */
async function exchange({ worker, clients, profile, clientRole, result }) {
  const router = await worker.createRouter({
    mediaCodecs: [
      { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2, preferredPayloadType: 111 },
      { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, preferredPayloadType: 96 },
    ],
  })
  const connect = async (/** @type {number} */ id) => {
    const transport = await router.createWebRtcTransport({
      listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
    })
    const fingerprint = transport.dtlsParameters.fingerprints.find(
      ({ algorithm }) => algorithm === 'sha-256',
    )?.value
    const candidate = transport.iceCandidates[0]
    if (!fingerprint || !candidate)
      throw new Error('the transport has no candidate or no SHA-256 fingerprint')
    await transport.connect({
      dtlsParameters: {
        role: clientRole === 'active' ? 'client' : 'server',
        fingerprints: [{ algorithm: 'sha-256', value: clients.fingerprint }],
      },
    })
    const { usernameFragment: ufrag, password } = transport.iceParameters
    const remote = { ip: '127.0.0.1', port: candidate.port, ufrag, password, fingerprint }
    const connected = await clients.open(id, remote, { role: clientRole, profiles: profile })
    if (connected.profile !== profile) throw new Error(`agreed on ${connected.profile}`)
    return transport
  }
  const [sending, receiving] = await Promise.all([connect(1), connect(2)])
  const opus = { mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2 }
  const vp8 = {
    mimeType: 'video/VP8',
    payloadType: 96,
    clockRate: 90000,
    rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
  }
  const produced = /** @type {const} */ ([
    { kind: 'opus', stream: 1, ssrc: 1001, producer: await produce(sending, 'audio', opus, 1001) },
    { kind: 'vp8', stream: 2, ssrc: 1002, producer: await produce(sending, 'video', vp8, 1002) },
  ])
  for (const { producer } of produced)
    await receiving.consume({ producerId: producer.id, rtpCapabilities: router.rtpCapabilities })
  for (const { kind, stream, ssrc } of produced)
    clients.send(1, { ssrc, payloadType: kind === 'opus' ? 111 : 96, kind, stream })

  for (;;) {
    await new Promise(resolve => setTimeout(resolve, 50))
    const receiver = (await clients.stats()).peers.find(peer => peer.id === 2)
    if (!receiver) throw new Error('the receiving client is gone')
    if (receiver.undecryptable > 0)
      throw new Error(`${receiver.undecryptable} packets could not be decrypted`)
    for (const { kind, stream } of produced) {
      const received = receiver.received.find(entry => entry.stream === stream)
      if (received)
        result.received[kind] = { packets: received.packets, intact: received.intact, lost: received.lost }
      if (received && received.intact !== received.packets)
        throw new Error(`${received.packets - received.intact} ${kind} packets arrived changed`)
    }
    const isEnough = produced.every(({ kind }) => (result.received[kind]?.intact ?? 0) >= wantedPackets[kind])
    if (isEnough) return
  }
}

/**
 * @param {import('mediasoup').types.WebRtcTransport} transport
 * @param {'audio' | 'video'} kind
 * @param {import('mediasoup').types.RtpCodecParameters} codec
 * @param {number} ssrc
 */
function produce(transport, kind, codec, ssrc) {
  return transport.produce({ kind, rtpParameters: { codecs: [codec], encodings: [{ ssrc }] } })
}
