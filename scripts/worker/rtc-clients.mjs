/** The media clients without a browser (native/): compiling them once, and speaking with the process. */
import { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cacheDir, hashOf, libsslVersion, ownWorkerPath } from './cache.mjs'
import { ensurePackages } from './debian.mjs'
import { ensureLibsrtp } from './libsrtp.mjs'
import { run, withLock } from './run.mjs'

const sources = fileURLToPath(new URL('native', import.meta.url))
const packages = ['gcc', 'libc6-dev', 'libssl-dev', 'make', 'dpkg-dev', 'pkg-config']

/**
 * Compiles the media clients unless that was done before.
 *
 * @param {object} input
 * @param {string} input.root the checkout
 * @param {(line: string) => void} input.log
 * @param {boolean} input.allowApt whether missing Debian packages may be installed (when root)
 * @param {string} [input.srtpDir] a built libsrtp; default: the one beside our own worker, else one is built
 * @returns {Promise<string>} the program; rejects with a SetupError when the compiler or libsrtp cannot be had
 */
export async function ensureRtcClients({ root, log, allowApt, srtpDir }) {
  const key = `${process.platform}-${process.arch}-libssl-${libsslVersion()}-${hashOf(['native', 'libsrtp.mjs'])}`
  const dir = join(cacheDir(), '..', 'rtc-clients', key.replace(/[^\w.+-]/g, '_'))
  const program = join(dir, 'rtc-clients')
  if (existsSync(program)) return program
  await ensurePackages(packages, { log, allowApt, why: 'compile the media clients of the tests' })
  mkdirSync(dir, { recursive: true })
  const waiting = () => log('another set-up is compiling the media clients; waiting for it')
  return await withLock(join(dir, 'lock'), waiting, async () => {
    if (existsSync(program)) return program
    const beside = join(dirname(ownWorkerPath(root)), 'libsrtp')
    const srtp = srtpDir ?? (existsSync(beside) ? beside : await ensureLibsrtp({ dir, log }))
    log('compiling the media clients')
    const files = readdirSync(sources).filter(name => name.endsWith('.c'))
    const part = `${program}.part`
    await run(
      'gcc',
      ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', `-I${join(srtp, 'include')}`]
        .concat(files.map(name => join(sources, name)))
        .concat([join(srtp, 'libsrtp2.a'), '-lssl', '-lcrypto', '-o', part]),
      { what: 'compiling the media clients' },
    )
    renameSync(part, program)
    rmSync(join(dir, 'libsrtp'), { recursive: true, force: true })
    return program
  })
}

/**
 * @typedef {object} RemoteTransport the server's side
 * @property {string} ip
 * @property {number} port
 * @property {string} ufrag
 * @property {string} password
 * @property {string} fingerprint SHA-256, AA:BB:...
 *
 * @typedef {{ ssrc: number, stream: number, packets: number, octets: number, intact: number, spoiled: number, lost: number }} Received
 *   of a synthetic stream every packet is intact or not; of a recorded one frames are looked at: `intact` or `spoiled`
 * @typedef {{ ssrc: number, stream: number, packets: number, keyFrames: number }} Sent
 * @typedef {object} Flow what came of a stream, whatever carried it, by the kernel's stamps. Gaps and freezes are those since `window`,
 *   without what the sender itself was late, and count with senders in this process only.
 * @property {number} stream
 * @property {number} gapMs the longest time without a packet
 * @property {number} longGaps times of more than 200 ms without one
 * @property {number} firstAt when its first packet came, milliseconds since 1970
 * @property {{ layer: number, firstAt: number, count: number, freezes: number, frozenMs: number }} [picture] of a recorded picture:
 *   what a decoder could show, and when it stood still (freezeCount and totalFreezesDuration of the W3C's webrtc-stats)
 *
 * @typedef {object} PeerStats
 * @property {number} id
 * @property {boolean} connected
 * @property {number} undecryptable packets whose SRTP tag was wrong
 * @property {Sent[]} sent
 * @property {Received[]} received `stream` is the number given to the sender; `intact` counts whole payloads
 * @property {Flow[]} flows
 */

/**
 * The process of the media clients. It emits `failed` (id, reason) for a peer that fails after it was connected, and
 * `exit` once. close() is safe to call twice.
 */
export class RtcClients extends EventEmitter {
  #child
  /** By the id of a peer, or `load` and the name of a recording. @type {Map<number | string, { resolve: (event: any) => void, reject: (error: Error) => void, onAddress?: (ip: string, port: number) => void }>} */
  #opening = new Map()
  /** @type {((stats: { cpuMs: number, peers: PeerStats[] }) => void)[]} */
  #asking = []
  #fingerprint = ''
  #exited

  /** @param {string} program from ensureRtcClients() */
  constructor(program) {
    super()
    this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] })
    // A program that died makes writes fail; the exit below is what is reported.
    this.#child.stdin.on('error', () => {})
    this.#exited = new Promise(resolve => {
      const end = () => {
        for (const { reject } of this.#opening.values()) reject(new Error('the media clients ended'))
        this.#opening.clear()
        resolve(undefined)
        this.emit('exit')
      }
      this.#child.once('exit', end)
      this.#child.once('error', end)
    })
    createInterface({ input: this.#child.stdout }).on('line', line => this.#handle(JSON.parse(line)))
  }

  /** @param {string} program @returns {Promise<RtcClients>} once the process is ready */
  static async create(program) {
    const clients = new RtcClients(program)
    await new Promise((resolve, reject) => {
      clients.once('ready', resolve)
      clients.once('exit', () => reject(new Error(`${program} could not be run`)))
    })
    return clients
  }

  /** SHA-256 fingerprint of the certificate that all peers show. */
  get fingerprint() {
    return this.#fingerprint
  }

  get pid() {
    return this.#child.pid
  }

  /**
   * Connects a peer: ICE, DTLS, SRTP.
   *
   * @param {number} id
   * @param {RemoteTransport} remote
   * @param {{ role?: 'active' | 'passive', isControlled?: boolean, profiles?: string, ufrag?: string, password?: string, onAddress?: (ip: string, port: number) => void }} [options]
   *   role active = DTLS client; isControlled: a server that is not ICE-lite has made the offer; profiles as OpenSSL names
   *   them, separated by ':'; ufrag and password as told to the server; onAddress is told our own address, once, before it is connected
   * @returns {Promise<{ profile: string, ms: number }>} rejects when the peer fails before it is connected
   */
  open(id, remote, options = {}) {
    const {
      role = 'active',
      profiles = 'SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80',
      ufrag = `peer${id}`,
      password = 'a-password-that-nobody-asks-for',
      isControlled = false,
      onAddress,
    } = options
    const { ip, port, fingerprint } = remote
    const control = isControlled ? 'controlled' : 'controlling'
    this.#write(
      `open ${id} ${ip} ${port} ${remote.ufrag} ${remote.password} ${ufrag} ${password} ${role} ${control} ${profiles} ${fingerprint}`,
    )
    return new Promise((resolve, reject) => this.#opening.set(id, { resolve, reject, onAddress }))
  }

  /**
   * Starts a synthetic stream: opus 50 packets/s of 80 bytes, vp8 26 frames/s of 4 packets (104 packets/s, 1 Mbit/s),
   * with a key frame when the server asks.
   *
   * @param {number} id
   * @param {object} stream
   * @param {number} stream.ssrc
   * @param {number} stream.payloadType
   * @param {'opus' | 'vp8'} stream.kind
   * @param {number} stream.stream a number that travels in each payload and is reported by the receiver
   * @param {{ id: number, value: string }} [stream.mid] header extension
   * @param {number} [stream.audioLevelId] header extension
   */
  send(id, { ssrc, payloadType, kind, stream, mid, audioLevelId = 0 }) {
    this.#write(
      `send ${id} ${ssrc} ${payloadType} ${kind} ${stream} ${mid?.id ?? 0} ${mid?.value ?? '-'} ${audioLevelId}`,
    )
  }

  /**
   * Has recorded frames read for play(). The file holds frames, each after its length (32 bits, network order).
   *
   * @param {{ name: string, codec: 'opus' | 'vp8', periodUs: number, path: string }} recording
   * @returns {Promise<void>} rejects when it cannot be read
   */
  load({ name, codec, periodUs, path }) {
    this.#write(`load ${name} ${codec} ${periodUs} ${path}`)
    return new Promise((resolve, reject) => this.#opening.set(`load ${name}`, { resolve, reject }))
  }

  /**
   * Sends a loaded recording again and again; a picture begins anew when the server asks for a key frame. The layers of a picture
   * have one `stream` and are of one moment when they are started one right after another.
   *
   * @param {number} id
   * @param {object} stream
   * @param {number} stream.ssrc
   * @param {number} stream.payloadType
   * @param {string} stream.name of the recording
   * @param {number} stream.stream a number that travels with each frame and is reported by the receiver
   * @param {number} [stream.layer] 0 is the lowest
   * @param {{ id: number, value: string }} stream.mid header extension
   * @param {{ id: number, value: string }} [stream.rid] header extension
   * @param {number} [stream.audioLevelId] header extension
   * @param {number} [stream.feedbackId] header extension of transport-wide congestion control
   */
  play(id, { ssrc, payloadType, name, stream, layer = 0, mid, rid, audioLevelId = 0, feedbackId = 0 }) {
    const layerName = `${rid?.id ?? 0} ${rid?.value ?? '-'}`
    this.#write(
      `play ${id} ${ssrc} ${payloadType} ${name} ${stream} ${layer} ${mid.id} ${mid.value} ${layerName} ${audioLevelId} ${feedbackId}`,
    )
  }

  /** Whether a recorded sound is heard; else it is silence, as an encoder with DTX sends it. @param {number} id @param {number} ssrc @param {boolean} isHeard */
  talk(id, ssrc, isHeard) {
    this.#write(`talk ${id} ${ssrc} ${isHeard ? 1 : 0}`)
  }

  /** Sends transport-wide congestion control feedback. @param {number} id @param {number} extensionId */
  feedback(id, extensionId) {
    this.#write(`feedback ${id} ${extensionId}`)
  }

  /** @param {number} id */
  closePeer(id) {
    this.#write(`close ${id}`)
  }

  /** From now on gaps and freezes count. */
  window() {
    this.#write('window')
  }

  /** @returns {Promise<{ cpuMs: number, peers: PeerStats[] }>} */
  stats() {
    this.#write('stats')
    return new Promise((resolve, reject) => {
      this.#asking.push(resolve)
      this.#exited.then(() => reject(new Error('the media clients ended')))
    })
  }

  /** Ends the process and waits for it. */
  async close() {
    if (this.#child.exitCode === null) this.#child.stdin.end()
    await this.#exited
  }

  #write(/** @type {string} */ line) {
    this.#child.stdin.write(`${line}\n`)
  }

  #handle(/** @type {any} any: told apart by `event`, written by our own program */ event) {
    if (event.event === 'ready') {
      this.#fingerprint = event.fingerprint
      this.emit('ready')
    } else if (event.event === 'stats') {
      this.#asking.shift()?.(event)
    } else if (event.event === 'opened') {
      this.#opening.get(event.id)?.onAddress?.(event.ip, event.port)
    } else if (event.event === 'loaded' || event.event === 'unreadable') {
      const loading = this.#opening.get(`load ${event.name}`)
      this.#opening.delete(`load ${event.name}`)
      if (event.event === 'loaded') loading?.resolve(undefined)
      else loading?.reject(new Error(`the recording ${event.name} cannot be read`))
    } else {
      const opening = this.#opening.get(event.id)
      this.#opening.delete(event.id)
      if (event.event === 'connected') opening?.resolve(event)
      else if (opening) opening.reject(new Error(event.reason))
      else this.emit('failed', event.id, event.reason)
    }
  }
}
