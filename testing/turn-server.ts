import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from './eventually.ts'

const BINARY = process.env.TURNSERVER ?? '/usr/bin/turnserver'

/** Why there can be no TURN server on this machine; undefined when there can. `node scripts/setup.mjs --tests` installs it. */
export const noTurnServer = existsSync(BINARY) ? undefined : `no coturn at ${BINARY} (set TURNSERVER)`

/**
 * A real coturn on the loopback, as docs/operations.md configures it (`use-auth-secret`): UDP, TCP and TLS with a certificate
 * signed by nobody. `stop` ends it.
 */
export class TurnServer {
  readonly secret = 'a-turn-secret-for-tests-only'
  readonly port: number
  readonly tlsPort: number
  /** What Chromium's --ignore-certificate-errors-spki-list takes. */
  readonly spki: string
  readonly #child: ChildProcess
  readonly #folder: string
  /** What the process wrote. */
  output = ''

  private constructor(
    ports: { port: number; tlsPort: number },
    spki: string,
    child: ChildProcess,
    folder: string,
  ) {
    this.port = ports.port
    this.tlsPort = ports.tlsPort
    this.spki = spki
    this.#child = child
    this.#folder = folder
    const collect = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-100_000)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
  }

  static async create(): Promise<TurnServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'diemcau-turn-'))
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
        .concat('-keyout', key, '-out', cert, '-subj', '/CN=localhost')
        .concat('-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'),
      { stdio: 'ignore' },
    )
    const publicKey = new X509Certificate(await readFile(cert)).publicKey.export({
      type: 'spki',
      format: 'der',
    })
    const port = 21_800 + 2 * Math.floor(Math.random() * 40)
    const ports = { port, tlsPort: port + 1 }
    const options = {
      'listening-ip': '127.0.0.1',
      'relay-ip': '127.0.0.1',
      'listening-port': ports.port,
      'tls-listening-port': ports.tlsPort,
      'static-auth-secret': 'a-turn-secret-for-tests-only',
      realm: 'test',
      cert,
      pkey: key,
      userdb: path.join(folder, 'users.db'),
      pidfile: path.join(folder, 'pid'),
      'log-file': 'stdout',
      'min-port': 21_900,
      'max-port': 21_999,
    }
    // As documented but for the loopback: relays to the media server's address and to nothing else.
    const peers = ['--denied-peer-ip=0.0.0.0-255.255.255.255', '--allowed-peer-ip=127.0.0.1']
    const flags = [
      '-n',
      '--use-auth-secret',
      '--allow-loopback-peers',
      '--no-cli',
      '--no-dtls',
      '--simple-log',
    ]
    const values = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
    const child = spawn(BINARY, [...flags, ...peers, ...values], { stdio: ['ignore', 'pipe', 'pipe'] })
    const turn = new TurnServer(ports, createHash('sha256').update(publicKey).digest('base64'), child, folder)
    try {
      await eventually(() => turn.#whatIsDown(), 10_000)
      return turn
    } catch (error) {
      await turn.stop()
      throw new Error(`coturn did not start: ${turn.output}`, { cause: error })
    }
  }

  /** For the SFU: TURN_URLS and TURN_SECRET. */
  get env(): Record<string, string> {
    const { port, tlsPort, secret } = this
    const urls = [
      `turn:127.0.0.1:${port}?transport=udp`,
      `turn:127.0.0.1:${port}?transport=tcp`,
      `turns:127.0.0.1:${tlsPort}?transport=tcp`,
    ]
    return { TURN_URLS: urls.join(','), TURN_SECRET: secret }
  }

  /** Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise(resolve => this.#child.once('exit', resolve))
      this.#child.kill('SIGKILL')
      await ended
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #whatIsDown(): Promise<string | null> {
    if (this.#child.exitCode !== null) return `it ended with ${this.#child.exitCode}`
    for (const port of [this.port, this.tlsPort]) {
      const isOpen = await new Promise<boolean>(resolve => {
        const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
        socket.on('connect', () => socket.destroy())
      })
      if (!isOpen) return `port ${port} is closed`
    }
    return null
  }
}
