import { EventEmitter } from 'node:events'
import type { WebRtcTransport } from 'mediasoup/types'
import { expect, it } from 'vitest'
import { watchTransport } from './transport-events.ts'

it('tells of a connection once it is secured, of its loss, and of its return', () => {
  const transport = Object.assign(new EventEmitter(), { closed: false, iceState: 'new', dtlsState: 'new' })
  const told: string[] = []
  watchTransport(transport as unknown as WebRtcTransport, {
    onConnected: () => told.push('connected'),
    onDisconnected: () => told.push('disconnected'),
  })
  const ice = (iceState: string) => {
    Object.assign(transport, { iceState }).emit('icestatechange')
    return told.splice(0)
  }
  const dtls = (dtlsState: string) => {
    Object.assign(transport, { dtlsState }).emit('dtlsstatechange')
    return told.splice(0)
  }
  expect(ice('disconnected')).toEqual([])
  expect(ice('connected')).toEqual([])
  expect(dtls('connected')).toEqual(['connected'])
  expect(ice('completed')).toEqual([])
  expect(ice('disconnected')).toEqual(['disconnected'])
  expect(ice('disconnected')).toEqual([])
  expect(ice('connected')).toEqual(['connected'])
  expect(dtls('closed')).toEqual(['disconnected'])
  transport.closed = true
  expect(ice('completed')).toEqual([])
})
