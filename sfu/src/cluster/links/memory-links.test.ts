import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { LinkLimits } from './link-limits.ts'
import { type MemoryLinks, MemoryNetwork } from './memory-links.ts'
import type { Incarnation, LinkListener } from './node-links.ts'

const A = 'ND_a' as Incarnation
const B = 'ND_b' as Incarnation
const C = 'ND_c' as Incarnation
const bytes = (value: string) => new TextEncoder().encode(value)
const text = (value: Uint8Array) => new TextDecoder().decode(value)
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms)

let open: MemoryLinks[] = []
beforeEach(() => void vi.useFakeTimers())
afterEach(async () => {
  for (const links of open) await links.close()
  open = []
  await later(1_000)
  expect(vi.getTimerCount(), 'timers that are left').toBe(0)
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A node that writes down what it hears. */
function node(
  network: MemoryNetwork,
  self: Incarnation,
  options: {
    limits?: Partial<LinkLimits>
    call?: LinkListener['call']
    on?: Partial<LinkListener>
    clusterNowMs?(): number
  } = {},
) {
  const heard: string[] = []
  const links = network.join({ self, limits: options.limits, clusterNowMs: options.clusterNowMs })
  open.push(links)
  links.start({
    linkUp: peer => heard.push(`up ${peer}`),
    linkDown: (peer, why) => heard.push(`down ${peer} ${why}`),
    restarted: (peer, { direction, isDataLost }) =>
      heard.push(`restarted ${peer} ${direction}${isDataLost ? ' data lost' : ''}`),
    message: (peer, kind, payload) => heard.push(`${peer} ${kind} ${text(payload)}`),
    call: options.call ?? (async (_peer, method, payload) => bytes(`${method}(${text(payload)})`)),
    ...options.on,
  })
  /** What was heard since the last time. */
  const news = () => heard.splice(0)
  return { links, news }
}
const meetAll = (...nodes: { links: MemoryLinks }[]) => {
  for (const { links } of nodes)
    links.meet(nodes.map(({ links: { self } }) => ({ incarnation: self, address: 'memory' })))
}
const two = async (options: Parameters<typeof node>[2] = {}) => {
  const network = new MemoryNetwork()
  const a = node(network, A, options)
  const b = node(network, B, options)
  meetAll(a, b)
  await later(10)
  expect([a.news(), b.news()]).toEqual([[`up ${B}`], [`up ${A}`]])
  return { network, a, b }
}

describe('links between nodes', () => {
  test('what is sent before the first connection arrives on it', async () => {
    const network = new MemoryNetwork()
    const a = node(network, A)
    a.links.meet([{ incarnation: B, address: 'memory' }])
    expect(a.links.send(B, 'room.enter', bytes('early'))).toBe(true)
    await later(5_000)
    const b = node(network, B)
    await later(2_500)
    expect(b.news()).toEqual([`up ${A}`, `${A} room.enter early`])
  })

  test('three nodes have one link a pair', async () => {
    const network = new MemoryNetwork()
    const [a, b, c] = [node(network, A), node(network, B), node(network, C)]
    meetAll(a, b, c)
    await later(10)
    expect([a.news().toSorted(), b.news().toSorted(), c.news().toSorted()]).toEqual([
      [`up ${B}`, `up ${C}`],
      [`up ${A}`, `up ${C}`],
      [`up ${A}`, `up ${B}`],
    ])
    b.links.send(C, 'data', bytes('to c'))
    await later(10)
    expect([a.news(), c.news()]).toEqual([[], [`${B} data to c`]])
  })

  test('a node that is not sent to is unknown, buried, or oneself', async () => {
    const { a } = await two()
    expect(a.links.send(C, 'data', bytes(''))).toBe(false)
    expect(a.links.send(A, 'data', bytes(''))).toBe(false)
    await expect(a.links.call(C, 'm', bytes(''), { deadlineMs: 100 })).rejects.toMatchObject({
      code: 'not_found',
    })
    a.links.bury(B)
    // An old list still names it.
    a.links.meet([{ incarnation: B, address: 'memory' }])
    expect(a.links.send(B, 'data', bytes(''))).toBe(false)
    expect(a.links.peers()).toEqual([])
  })

  test('a break in the middle loses nothing that is reliable', async () => {
    const { network, a, b } = await two()
    network.setDelay(A, B, 50)
    for (let i = 1; i <= 3; i++) a.links.send(B, 'data', bytes(`${i}`))
    await later(10)
    network.break(A, B)
    expect(a.news()).toEqual([`down ${B} broken`])
    a.links.send(B, 'data', bytes('4'))
    expect(a.links.sendLossy(B, 'lossy', bytes('nobody is there'))).toBe(false)
    await later(1_000)
    expect(a.news()).toEqual([`up ${B}`])
    expect(b.news()).toEqual([
      `down ${A} broken`,
      `up ${A}`,
      ...['1', '2', '3', '4'].map(i => `${A} data ${i}`),
    ])
  })

  test('what has arrived is acknowledged: a link that goes on for long never reaches its bounds', async () => {
    const { a, b } = await two({ limits: { unackedBytes: 10_000, unackedMs: 3_000, ackMs: 50 } })
    for (let i = 1; i <= 200; i++) {
      expect(a.links.send(B, i % 2 === 0 ? 'data' : 'member', bytes(`${i}`.padEnd(1_000)))).toBe(true)
      await later(60)
    }
    expect(b.news()).toHaveLength(200)
    expect(a.news()).toEqual([])
  })

  test('little is handed to the connection ahead, so that facts overtake data that waits', async () => {
    const { network, a, b } = await two({ limits: { windowBytes: 2_016 } })
    network.cut(A, B)
    for (const i of [1, 2, 3, 4]) a.links.send(B, 'data', bytes(`d${i}`.padEnd(1_000)))
    a.links.sendLossy(B, 'lossy', bytes('l1'))
    a.links.send(B, 'member', bytes('f1'))
    a.links.sendLatest(B, 'pipe.want', '7', bytes('low'))
    a.links.sendLatest(B, 'pipe.want', '7', bytes('high'))
    a.links.send(B, 'gone', bytes('after its data'))
    network.heal(A, B)
    await later(10)
    expect(b.news().map(line => line.trim().replace(`${A} `, ''))).toEqual([
      'data d1',
      'data d2',
      'member f1',
      'pipe.want high',
      'data d3',
      'data d4',
      'gone after its data',
      'lossy l1',
    ])
  })

  test('a message longer than what may be handed ahead goes alone', async () => {
    const { network, a, b } = await two({ limits: { windowBytes: 500 } })
    network.cut(A, B)
    for (const i of [1, 2]) a.links.send(B, 'data', bytes(`d${i}`.padEnd(5_000)))
    a.links.send(B, 'member', bytes('f1'))
    network.heal(A, B)
    await later(10)
    expect(b.news().map(line => line.trim().replace(`${A} `, ''))).toEqual([
      'data d1',
      'member f1',
      'data d2',
    ])
  })

  test('two seconds of silence end the link, also when only one way is cut', async () => {
    const { network, a, b } = await two()
    network.cut(A, B)
    await later(1_900)
    expect([a.news(), b.news()]).toEqual([[], []])
    await later(700)
    expect(b.news()).toEqual([`down ${A} silent`])
    expect(a.news()).toEqual([`down ${B} broken`])
    a.links.send(B, 'member', bytes('while cut'))
    await later(5_000)
    expect(b.news()).toEqual([])
    network.heal(A, B)
    await later(2_500)
    expect(b.news()).toEqual([`up ${A}`, `${A} member while cut`])
  })

  test('a process that was stopped for long does not take its peers for silent on waking', async () => {
    const { a, b } = await two()
    // No timer ran and nothing was read; the clock went on.
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 30_000)
    await later(1_500)
    expect([a.news(), b.news()]).toEqual([[], []])
  })

  test('pings carry the stamp and the note, and measure the way', async () => {
    const stamps: number[] = []
    const notes: string[] = []
    const network = new MemoryNetwork()
    const a = node(network, A, {
      on: {
        pinged: (_peer, { stampMs, note }) => {
          stamps.push(stampMs)
          notes.push(text(note))
        },
      },
    })
    const b = node(network, B, { on: { note: peer => bytes(`for ${peer}`) } })
    network.setDelay(A, B, 20)
    network.setDelay(B, A, 30)
    meetAll(a, b)
    await later(2_000)
    expect(new Set(notes)).toEqual(new Set([`for ${A}`]))
    expect(stamps.length).toBeGreaterThanOrEqual(2)
    expect((stamps[1] ?? 0) - (stamps[0] ?? 0)).toBeCloseTo(500, -1)
    const [state] = a.links.peers()
    expect(state).toMatchObject({ incarnation: B, isUp: true })
    expect(state?.roundTripMs).toBeGreaterThanOrEqual(50)
    expect(state?.roundTripMs).toBeLessThan(60)
    expect(performance.now() - (state?.heardMs ?? 0)).toBeLessThan(600)
  })

  test('over 60 s without an acknowledgement both are told, and it begins anew', async () => {
    const { network, a, b } = await two()
    network.cut(A, B)
    network.cut(B, A)
    a.links.send(B, 'data', bytes('lost'))
    b.links.send(A, 'member', bytes('lost, but a fact'))
    await later(59_000)
    expect(a.links.send(B, 'data', bytes('lost, too'))).toBe(true)
    await later(2_000)
    expect(a.links.send(B, 'data', bytes('refused'))).toBe(false)
    a.news()
    b.news()
    network.heal(A, B)
    network.heal(B, A)
    await later(3_000)
    expect(a.news()).toEqual([`restarted ${B} outgoing data lost`, `restarted ${B} incoming`, `up ${B}`])
    expect(b.news()).toEqual([`restarted ${A} outgoing`, `restarted ${A} incoming data lost`, `up ${A}`])
    a.links.send(B, 'data', bytes('again'))
    await later(10)
    expect(b.news()).toEqual([`${A} data again`])
  })

  test('a buried incarnation is told once, refused for ever, and another one of its address is a new link', async () => {
    const { network, a, b } = await two()
    b.links.bury(A)
    await later(10)
    expect(b.news()).toEqual([`down ${A} stopped`])
    const refused: string[] = []
    await later(10_000)
    expect(a.news()).toEqual([`down ${B} buried`])
    expect(b.news()).toEqual([])
    expect(a.links.peers()).toMatchObject([{ incarnation: B, isUp: false }])
    await a.links.close()
    const again = node(network, 'ND_a2' as Incarnation, {
      on: { refused: (_peer, why) => refused.push(why) },
    })
    meetAll(again, b)
    await later(10)
    expect(b.news()).toEqual(['up ND_a2'])
    expect(refused).toEqual([])
  })

  test('a buried dialler is told that it is', async () => {
    const network = new MemoryNetwork()
    const refused: string[] = []
    const a = node(network, A, { on: { refused: (peer, why) => refused.push(`${peer} ${why}`) } })
    const b = node(network, B)
    b.links.bury(A)
    meetAll(a, b)
    // Less than the least wait before the next try.
    await later(40)
    expect(refused).toEqual([`${B} buried`])
    expect(b.news()).toEqual([])
  })

  test('peers that a shorter list does not name are kept', async () => {
    const { a, b } = await two()
    a.links.meet([])
    await later(3_000)
    expect([a.news(), b.news()]).toEqual([[], []])
  })

  test('a listener that throws stops nothing, one that buries in the middle gets no more', async () => {
    const network = new MemoryNetwork()
    const seen: string[] = []
    const a = node(network, A)
    const b = node(network, B, {
      on: {
        message: (peer, _kind, payload) => {
          seen.push(text(payload))
          if (text(payload) === '1') throw new Error('of the owner')
          if (text(payload) === '2') b.links.bury(peer)
        },
      },
    })
    meetAll(a, b)
    await later(10)
    for (const i of ['1', '2', '3']) a.links.send(B, 'data', bytes(i))
    await later(10)
    expect(seen).toEqual(['1', '2'])
    expect(b.news()).toEqual([`up ${A}`, `down ${A} stopped`])
  })

  test('closing says goodbye, fails what waits, is safe to repeat, and nothing is taken after it', async () => {
    const { a, b } = await two({ call: () => new Promise(() => {}) })
    const failure = a.links.call(B, 'm', bytes(''), { deadlineMs: 5_000 }).catch((error: unknown) => error)
    await later(10)
    await a.links.close()
    await a.links.close()
    expect(await failure).toMatchObject({ code: 'unavailable' })
    await later(10)
    expect(a.news()).toEqual([`down ${B} stopped`])
    expect(b.news()).toEqual([`down ${A} closed`])
    expect(a.links.send(B, 'data', bytes(''))).toBe(false)
    await expect(a.links.call(B, 'm', bytes(''), { deadlineMs: 1 })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('a message over the limit is refused, and the link stands', async () => {
    const { a, b } = await two({ limits: { payloadBytes: 100 } })
    expect(() => a.links.send(B, 'data', new Uint8Array(101))).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    )
    a.links.send(B, 'data', bytes('x'.repeat(100)))
    await later(10)
    expect(b.news()).toEqual([`${A} data ${'x'.repeat(100)}`])
  })
})

describe('calls between nodes', () => {
  test('are answered, also both ways at once', async () => {
    const { a, b } = await two()
    const answers = Promise.all([
      a.links.call(B, 'mute', bytes('x'), { deadlineMs: 1_000 }),
      b.links.call(A, 'list', bytes('y'), { deadlineMs: 1_000 }),
    ])
    await later(100)
    expect((await answers).map(text)).toEqual(['mute(x)', 'list(y)'])
  })

  test('wait through a break and happen once', async () => {
    const call = vi.fn(async () => bytes('done'))
    const { network, a } = await two({ call })
    network.setDelay(B, A, 100)
    const answer = a.links.call(B, 'm', bytes(''), { deadlineMs: 5_000 })
    await later(50)
    expect(call).toHaveBeenCalledTimes(1)
    network.break(A, B)
    await later(2_000)
    expect(text(await answer)).toBe('done')
    expect(call).toHaveBeenCalledTimes(1)
  })

  test('happen once also when the answer is lost with its direction', async () => {
    const call = vi.fn(async () => bytes('done'))
    const { network, a, b } = await two({ call, limits: { unackedMs: 3_000 } })
    network.cut(B, A)
    const answer = a.links.call(B, 'm', bytes(''), { deadlineMs: 20_000 })
    await later(8_000)
    expect(call).toHaveBeenCalledTimes(1)
    network.heal(B, A)
    await later(4_000)
    expect(text(await answer)).toBe('done')
    expect(call).toHaveBeenCalledTimes(1)
    expect(b.news()).toContain(`restarted ${A} outgoing`)
  })

  test('without a link are unavailable at the deadline, and do not happen after it', async () => {
    const call = vi.fn(async () => bytes('done'))
    const { network, a } = await two({ call })
    network.cut(A, B)
    const failure = a.links.call(B, 'm', bytes(''), { deadlineMs: 1_000 }).catch((error: unknown) => error)
    await later(1_000)
    expect(await failure).toMatchObject({ code: 'unavailable' })
    network.heal(A, B)
    await later(5_000)
    expect(call).not.toHaveBeenCalled()
  })

  test('that wait leave room for facts when a direction starts anew', async () => {
    const { network, a, b } = await two({ limits: { unackedBytes: 4_000, unackedMs: 3_000 } })
    network.cut(A, B)
    const codes: unknown[] = []
    for (let i = 0; i < 20; i++)
      a.links.call(B, 'm', bytes('x'), { deadlineMs: 20_000 }).then(
        () => codes.push('answered'),
        (error: { code?: unknown }) => codes.push(error.code),
      )
    await later(6_000)
    expect(new Set(codes)).toEqual(new Set(['resource_exhausted']))
    const waiting = 20 - codes.length
    expect(waiting).toBeGreaterThan(1)
    expect(waiting * 128).toBeLessThanOrEqual(1_000)
    a.news()
    b.news()
    network.heal(A, B)
    await later(3_000)
    expect(a.news()).toEqual([`restarted ${B} outgoing`, `up ${B}`])
    expect(codes.filter(code => code === 'answered')).toHaveLength(waiting)
    expect(a.links.send(B, 'room.full', bytes('x'.repeat(3_500)))).toBe(true)
  })

  test('have their deadline in the cluster’s time, whatever the clocks of the machines say', async () => {
    const network = new MemoryNetwork()
    const a = node(network, A, { clusterNowMs: () => 1_000_000 + performance.now() })
    const b = node(network, B, { clusterNowMs: () => 1_000_000 + performance.now() })
    meetAll(a, b)
    await later(10)
    const answer = a.links.call(B, 'm', bytes(''), { deadlineMs: 1_000 })
    await later(50)
    expect(text(await answer)).toBe('m()')
  })
})

type Step =
  | { do: 'send'; from: 0 | 1; kind: 'member' | 'data' }
  | { do: 'wait'; ms: number }
  | { do: 'break' }
  | { do: 'cut' | 'heal'; from: 0 | 1 }
  | { do: 'delay'; from: 0 | 1; ms: number }
const side = fc.constantFrom<0 | 1>(0, 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      from: side,
      kind: fc.constantFrom('member', 'data'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'break' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut', 'heal'), from: side }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('delay' as const),
      from: side,
      ms: fc.integer({ min: 0, max: 900 }),
    }),
  },
)

test('through breaks, one-way cuts and changing delays everything comes once and in order, both ways', async () => {
  let breaks = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async steps => {
      const network = new MemoryNetwork()
      // However long the steps take together: this is not about the bounds.
      const limits = { unackedMs: 1e9 }
      const nodes = [node(network, A, { limits }), node(network, B, { limits })] as const
      const names = [A, B] as const
      meetAll(...nodes)
      const sent: Record<string, string[]> = {}
      let count = 0
      for (const at of steps) {
        if (at.do === 'wait') await later(at.ms)
        else if (at.do === 'break') network.break(A, B)
        else {
          const [from, to] = at.from === 0 ? names : ([B, A] as const)
          if (at.do === 'delay') network.setDelay(from, to, at.ms)
          else if (at.do !== 'send') network[at.do](from, to)
          else {
            count += 1
            const way = `${from} ${at.kind}`
            sent[way] = [...(sent[way] ?? []), `${count}`]
            expect(nodes[at.from].links.send(to, at.kind, bytes(`${count}`))).toBe(true)
          }
        }
      }
      network.heal(A, B)
      network.heal(B, A)
      await later(12_000)
      const got: Record<string, string[]> = {}
      for (const { news } of nodes)
        for (const line of news()) {
          if (line.startsWith('down')) breaks += 1
          const [, from, kind, payload] = /^(ND_\w) (member|data) (\d+)$/.exec(line) ?? []
          if (payload !== undefined) got[`${from} ${kind}`] = [...(got[`${from} ${kind}`] ?? []), payload]
          expect(line).not.toContain('restarted')
        }
      expect(got).toEqual(sent)
      for (const { links } of nodes) await links.close()
    }),
    { numRuns: 150 },
  )
  expect(breaks).toBeGreaterThan(10)
})

test('at the bounds what is missing is told before what follows it, and a call happens once at most', async () => {
  let restarts = 0
  let failedCalls = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async steps => {
      const network = new MemoryNetwork()
      const names = [A, B] as const
      const executed = new Map<string, number>()
      const options = {
        limits: { unackedBytes: 1_500, unackedMs: 4_000 },
        call: async (_peer: Incarnation, method: string) => {
          executed.set(method, (executed.get(method) ?? 0) + 1)
          return bytes(method)
        },
      }
      const nodes = [node(network, A, options), node(network, B, options)] as const
      meetAll(...nodes)
      /** Of each side, what it tried to send by kind, and what of it was taken. */
      const tried: Record<string, number[]> = {}
      const calls: Promise<void>[] = []
      let count = 0
      for (const at of steps) {
        if (at.do === 'wait') await later(at.ms)
        else if (at.do === 'break') network.break(A, B)
        else {
          const [from, to] = at.from === 0 ? names : ([B, A] as const)
          if (at.do === 'delay') network.setDelay(from, to, at.ms)
          else if (at.do !== 'send') network[at.do](from, to)
          else {
            count += 1
            const way = `${from} ${at.kind}`
            tried[way] = [...(tried[way] ?? []), count]
            nodes[at.from].links.send(to, at.kind, bytes(`${count}`))
            const method = `call ${count}`
            calls.push(
              nodes[at.from].links.call(to, method, bytes(''), { deadlineMs: 5_000 }).then(
                answer => {
                  expect([text(answer), executed.get(method)]).toEqual([method, 1])
                },
                (error: { code?: unknown }) => {
                  failedCalls += 1
                  if (error.code === 'resource_exhausted') expect(executed.get(method)).toBeUndefined()
                  else expect(error.code).toBe('unavailable')
                },
              ),
            )
          }
        }
      }
      network.heal(A, B)
      network.heal(B, A)
      await later(15_000)
      await Promise.all(calls)
      expect([...executed.values()].every(times => times === 1)).toBe(true)
      // In calm both take everything again, and it arrives.
      for (const [i, to] of [
        [0, B],
        [1, A],
      ] as const)
        for (const kind of ['member', 'data'] as const) {
          count += 1
          const way = `${names[i]} ${kind}`
          tried[way] = [...(tried[way] ?? []), count]
          expect(nodes[i].links.send(to, kind, bytes(`${count}`))).toBe(true)
        }
      await later(2_000)
      for (const [i, from] of [
        [0, B],
        [1, A],
      ] as const) {
        const next = { member: 0, data: 0 }
        const isTold = { member: false, data: false }
        for (const line of nodes[i].news()) {
          if (line.startsWith(`restarted ${from} incoming`)) {
            restarts += 1
            isTold.member = true
            isTold.data ||= line.endsWith('data lost')
          }
          const kind = line.split(' ')[1]
          if (!line.startsWith(from) || (kind !== 'member' && kind !== 'data')) continue
          const all = tried[`${from} ${kind}`] ?? []
          const place = all.indexOf(Number(line.split(' ')[2]))
          expect(place, `${line} once and in order`).toBeGreaterThanOrEqual(next[kind])
          if (place > next[kind]) expect(isTold[kind], `what is missing before ${line} is told`).toBe(true)
          next[kind] = place + 1
          isTold[kind] = false
        }
        for (const kind of ['member', 'data'] as const)
          expect(next[kind], `the last ${kind} arrived`).toBe((tried[`${from} ${kind}`] ?? []).length)
      }
      for (const { links } of nodes) await links.close()
    }),
    { numRuns: 150 },
  )
  expect(restarts).toBeGreaterThan(5)
  expect(failedCalls).toBeGreaterThan(5)
})
