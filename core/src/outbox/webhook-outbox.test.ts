import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutboxClock } from './webhook-lanes.ts'
import { type OutboxOptions, WebhookOutbox } from './webhook-outbox.ts'

/** Time that passes only when told to. */
class FakeClock implements OutboxClock {
  time = 1_000_000
  #timers: { at: number; task: () => void }[] = []
  now = () => this.time
  after = (ms: number, task: () => void) => {
    const timer = { at: this.time + ms, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }
  get waits(): number[] {
    return this.#timers.map(timer => timer.at - this.time)
  }
  /** Goes to the next timer, runs it and lets the promises behind it settle. */
  async next(): Promise<void> {
    const timer = this.#timers.sort((a, b) => a.at - b.at).shift()
    if (timer === undefined) throw new Error('no timer is set')
    this.time = timer.at
    timer.task()
    await settle()
  }
}
const settle = () => new Promise(resolve => setImmediate(resolve))

/** Receivers: statuses by url, or by url and body; 0 is "connection refused". */
class FakeNet {
  status = new Map<string, number>()
  got: { url: string; body: string; headers: Record<string, string> }[] = []
  tries: string[] = []
  hold: Promise<void> | undefined
  fetch: typeof fetch = async (input, init) => {
    const url = String(input)
    const body = String(init?.body)
    this.tries.push(body)
    await this.hold
    const status = this.status.get(`${url} ${body}`) ?? this.status.get(url) ?? 200
    if (status === 0)
      throw new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) })
    if (status < 300) this.got.push({ url, body, headers: init?.headers as Record<string, string> })
    return new Response(null, { status })
  }
  bodies = (url?: string) =>
    this.got.filter(call => url === undefined || call.url === url).map(call => call.body)
}

const A = 'http://a/hook'
const B = 'http://b/hook'
let folder: string
let clock: FakeClock
let net: FakeNet
let logged: string[]
let opened: WebhookOutbox[]

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'outbox-'))
  clock = new FakeClock()
  net = new FakeNet()
  logged = []
  opened = []
})
afterEach(() => {
  for (const outbox of opened) outbox.close()
  rmSync(folder, { recursive: true })
})

const file = () => path.join(folder, 'outbox.jsonl')
function open(options: Partial<OutboxOptions> = {}): WebhookOutbox {
  const note = (level: string) => (_fields: object, message: string) =>
    void logged.push(`${level} ${message}`)
  const outbox = WebhookOutbox.open({
    file: file(),
    urls: [A],
    sign: async body => ({ authorization: `signed ${body}` }),
    log: { info: note('info'), warn: note('warn'), error: note('error') },
    fetch: net.fetch,
    clock,
    random: () => 1,
    ...options,
  })
  opened.push(outbox)
  return outbox
}
const put = (outbox: WebhookOutbox, key: string, ...bodies: string[]) => {
  for (const body of bodies) outbox.enqueue({ id: `EV_${body}`, key, body })
}

describe('webhook outbox', () => {
  it('sends what it takes, signed, and owes nothing afterwards', async () => {
    const outbox = open()
    put(outbox, 'room', 'one')
    await settle()
    expect(net.got).toEqual([
      {
        url: A,
        body: 'one',
        headers: { 'content-type': 'application/webhook+json', authorization: 'signed one' },
      },
    ])
    expect(outbox.pending).toBe(0)
    await outbox.idle(1_000)
  })

  it('holds back the later events of a room until the former one has arrived, and no other room', async () => {
    const outbox = open()
    net.status.set(A, 0)
    put(outbox, 'first', '1a')
    await settle()
    net.status.set(A, 200)
    put(outbox, 'first', '1b', '1c')
    put(outbox, 'second', '2a')
    await settle()
    expect(net.bodies()).toEqual(['2a'])
    await clock.next()
    expect(net.bodies()).toEqual(['2a', '1a', '1b', '1c'])
  })

  it('never has two events of one room under way', async () => {
    const outbox = open()
    let release = () => {}
    net.hold = new Promise(resolve => {
      release = resolve
    })
    put(outbox, 'room', '1', '2', '3')
    await settle()
    expect(net.tries).toEqual(['1'])
    release()
    await settle()
    expect(net.bodies()).toEqual(['1', '2', '3'])
  })

  it('waits twice as long after each failure, up to the limit, less jitter', async () => {
    const outbox = open({ maxRetryMs: 3_000 })
    net.status.set(A, 503)
    put(outbox, 'room', '1')
    await settle()
    const waits: number[] = []
    for (let n = 0; n < 5; n++) {
      waits.push(...clock.waits)
      await clock.next()
    }
    expect(waits).toEqual([500, 1_000, 2_000, 3_000, 3_000])

    const jittered = open({ file: path.join(folder, 'other.jsonl'), random: () => 0 })
    const before = clock.waits.length
    put(jittered, 'room', '1')
    await settle()
    expect(clock.waits.slice(before)).toEqual([250])
  })

  it('puts an event aside that its receiver stumbles over, and goes on with the next; an absent receiver is waited for', async () => {
    const outbox = open()
    net.status.set(`${A} poison`, 500)
    put(outbox, 'room', 'poison', 'next')
    await settle()
    const began = clock.time
    while (net.bodies().length === 0) await clock.next()
    expect(net.bodies()).toEqual(['next'])
    expect(clock.time - began).toBeGreaterThanOrEqual(15 * 60_000)
    expect(clock.time - began).toBeLessThan(20 * 60_000)
    expect(outbox.aside).toBe(1)
    expect(outbox.pending).toBe(0)
    expect(JSON.parse(readFileSync(`${file()}.aside`, 'utf8'))).toMatchObject({
      id: 'EV_poison',
      body: 'poison',
      reason: 'HTTP 500',
      url: A,
    })
    expect(logged).toContain('error webhook given up')

    for (const status of [0, 401, 404, 429, 503]) {
      net.status.set(`${A} wait${status}`, status)
      put(outbox, 'room', `wait${status}`)
      await settle()
      for (const until = clock.time + 3_600_000; clock.time < until; ) await clock.next()
      net.status.delete(`${A} wait${status}`)
      await clock.next()
      expect(net.bodies().at(-1)).toBe(`wait${status}`)
    }
    expect(outbox.aside).toBe(1)
  })

  it('sends after a crash what was not acknowledged, in order, and not what was', async () => {
    const first = open()
    put(first, 'room', 'sent')
    await settle()
    net.status.set(A, 0)
    put(first, 'room', '1', '2')
    put(first, 'other', 'x')
    await settle()
    // A killed process closes nothing: the second one reads the file as it lies there, with a line it had begun.
    appendFileSync(file(), '{"op":"add","id":"EV_torn","key":"room","bo')
    net.status.set(A, 200)
    net.got = []
    const second = open()
    await settle()
    expect(net.bodies().sort()).toEqual(['1', '2', 'x'])
    expect(net.bodies().filter(body => body !== 'x')).toEqual(['1', '2'])
    expect(second.pending).toBe(0)
  })

  it('repeats a delivery whose acknowledgement was not written before the crash', async () => {
    const first = open()
    put(first, 'room', '1')
    await settle()
    const lines = readFileSync(file(), 'utf8').split('\n')
    rmSync(file())
    appendFileSync(file(), `${lines[0]}\n${lines[1]?.slice(0, 10)}`)
    open()
    await settle()
    expect(net.bodies()).toEqual(['1', '1'])
  })

  it('keeps account of each receiver for itself, also over a restart', async () => {
    net.status.set(B, 0)
    const first = open({ urls: [A, B] })
    put(first, 'room', '1', '2')
    await settle()
    expect(net.bodies(A)).toEqual(['1', '2'])
    expect(first.pending).toBe(2)
    first.close()
    net.status.set(B, 200)
    open({ urls: [A, B] })
    await settle()
    expect(net.bodies(A)).toEqual(['1', '2'])
    expect(net.bodies(B)).toEqual(['1', '2'])
  })

  it('passes what a removed receiver is owed on to the one that takes its place', async () => {
    net.status.set(A, 0)
    const first = open()
    put(first, 'room', '1')
    await settle()
    first.close()
    open({ urls: [B] })
    await settle()
    expect(net.bodies(B)).toEqual(['1'])
  })

  it('drops, with a warning, what only a removed receiver is owed', async () => {
    net.status.set(A, 0)
    const first = open({ urls: [A, B] })
    put(first, 'room', '1')
    await settle()
    first.close()
    const second = open({ urls: [B] })
    expect(second.pending).toBe(0)
    expect(logged).toContain('warn webhooks owed to receivers that are no longer configured were dropped')
  })

  it('gives an event up when it is too old, says so, and goes on with the next', async () => {
    const outbox = open({ giveUpAfterMs: 1_000 })
    net.status.set(`${A} 1`, 500)
    put(outbox, 'room', '1', '2')
    await settle()
    await clock.next()
    expect(outbox.pending).toBe(2)
    await clock.next()
    expect(logged).toContain('error webhook given up')
    expect(net.bodies()).toEqual(['2'])
    expect(outbox.pending).toBe(0)
  })

  it('gives up at once what the receiver refuses for good, so that the room does not wait', async () => {
    const outbox = open()
    net.status.set(A, 400)
    put(outbox, 'room', 'bad')
    await settle()
    expect(outbox.pending).toBe(0)
    expect(logged).toContain('error webhook given up')
  })

  it('tries again after a wrong signature: the receiver may get the right secret later', async () => {
    const outbox = open()
    net.status.set(A, 401)
    put(outbox, 'room', '1')
    await settle()
    expect(outbox.pending).toBe(1)
  })

  it('rewrites the file when most of it is crossed out', async () => {
    const outbox = open()
    for (let n = 0; n < 1_100; n++) {
      put(outbox, `room${n % 7}`, `${n}`)
      await settle()
    }
    await outbox.idle(1_000)
    expect(net.got.length).toBe(1_100)
    expect(readFileSync(file(), 'utf8').split('\n').length).toBeLessThan(500)
  })

  it('starts small after a restart with nothing owed', async () => {
    const first = open()
    put(first, 'room', '1', '2')
    await settle()
    first.close()
    open()
    expect(readFileSync(file(), 'utf8')).toBe('')
  })

  it('loses nothing when an attempt is under way at closing, and may be closed twice', async () => {
    const first = open()
    net.hold = new Promise(() => {})
    put(first, 'room', '1')
    await settle()
    first.close()
    first.close()
    put(first, 'room', 'too late')
    expect(logged).toContain('error webhook lost: it came after the outbox was closed')
    net.hold = undefined
    open()
    await settle()
    expect(net.bodies()).toEqual(['1'])
  })

  it('stops waiting for an empty outbox after the given time', async () => {
    const outbox = open()
    net.status.set(A, 0)
    put(outbox, 'room', '1')
    await settle()
    let isOver = false
    const idle = outbox.idle(100).then(() => {
      isOver = true
    })
    await settle()
    expect(isOver).toBe(false)
    await clock.next()
    await idle
    expect(outbox.pending).toBe(1)
  })
})
