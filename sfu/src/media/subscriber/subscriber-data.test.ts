import { EventEmitter } from 'node:events'
import type { WebRtcTransport } from 'mediasoup/types'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PPID, writeDcepAck } from '../channel/dcep.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { SubscriberData } from './subscriber-data.ts'

describe('the data channels towards a client', () => {
  /** What was sent, 'reliable open' and the like, in order. */
  let sent: string[]
  let lost: string[]
  let transport: EventEmitter & { sctpState: string }
  let data: SubscriberData
  let incoming: EventEmitter[]

  beforeEach(async () => {
    vi.useFakeTimers()
    sent = []
    lost = []
    incoming = []
    const channel = (name: string) =>
      Object.assign(new EventEmitter(), {
        closed: false,
        setBufferedAmountLowThreshold: async () => {},
        send: async (_message: Buffer, ppid: number) => {
          sent.push(`${name} ${ppid === PPID.dcep ? 'open' : 'data'}`)
          return 0
        },
      })
    transport = Object.assign(new EventEmitter(), {
      closed: false,
      sctpState: 'new',
      consumeData: async ({ ordered }: { ordered: boolean }) => channel(ordered ? 'reliable' : 'lossy'),
      produceData: async () => ({ id: 'p' }),
    })
    const consumeData = async () => {
      const consumer = new EventEmitter()
      incoming.push(consumer)
      return consumer
    }
    const home = { silentDataProducer: { id: 'silent' }, direct: { consumeData } }
    data = new SubscriberData(
      home as unknown as RoomRouter,
      transport as unknown as WebRtcTransport,
      pino({ level: 'silent' }),
      { onLost: why => lost.push(why) },
    )
    await data.open()
  })
  afterEach(() => {
    data.close()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  const change = (state: string) => transport.emit('sctpstatechange', state)
  const takeSent = () => sent.splice(0)

  it('are opened once the association is there, those that may be lost again until the client has them', () => {
    expect(data.send('reliable', Uint8Array.of(1))).toBe(false)
    expect(takeSent()).toEqual([])
    change('connected')
    expect(takeSent()).toEqual(['reliable open', 'lossy open', 'lossy open'])
    expect(data.send('reliable', Uint8Array.of(1))).toBe(true)
    expect(takeSent()).toEqual(['reliable data'])
    vi.advanceTimersByTime(300)
    expect(takeSent()).toEqual(['lossy open', 'lossy open'])
    for (const consumer of incoming) consumer.emit('message', writeDcepAck(), PPID.dcep)
    vi.advanceTimersByTime(10_000)
    expect(takeSent()).toEqual([])
  })

  it('are given up when the client never says that it has them', () => {
    change('connected')
    vi.advanceTimersByTime(60_000)
    expect(takeSent()).toHaveLength(1 + 2 * 20)
  })

  it('are lost with their association', () => {
    change('connected')
    expect(lost).toEqual([])
    change('failed')
    expect(lost).toEqual(['the SCTP association failed'])
  })
})
