import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RecordingLink, TestRooms } from '../../../test/room-support/test-room.ts'
import { iceServersFor } from './ice-servers.ts'

const turn = { urls: ['turn:turn.example.vn:3478', 'turns:turn.example.vn:443'], secret: 's', ttlS: 600 }

describe('TURN credentials', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('name the end of their life and the connection, signed with the shared secret', () => {
    const [server, ...more] = iceServersFor(turn, 'PA_x', 1_700_000_000_999)
    expect(more).toEqual([])
    expect(server?.urls).toEqual(turn.urls)
    expect(server?.username).toBe('1700000600:PA_x')
    expect(server?.credential).toBe(createHmac('sha1', 's').update('1700000600:PA_x').digest('base64'))
  })

  it('are none without a TURN server', () => {
    expect(iceServersFor(undefined, 'PA_x', 0)).toEqual([])
  })

  it('come with the join, say nothing of the person, and are fresh at a resume', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const rooms = new TestRooms({}, { turn })
    const { link, participant } = await rooms.join('nguyen-van-an', { query: { clientAddress: '10.0.0.7' } })
    const { username } = link.last('join').iceServers[0]!
    expect(username).toMatch(new RegExp(`^\\d+:${participant.id}$`))
    expect(username).not.toContain('an')
    const again = new RecordingLink()
    rooms.advanceMs(60_000)
    rooms.registry.resume(rooms.claims('nguyen-van-an'), participant.id, again, '198.51.100.7')
    const later = again.last('reconnect').iceServers[0]!
    expect(Number.parseInt(later.username, 10)).toBe(Number.parseInt(username, 10) + 60)
    expect(later.credential).not.toBe(link.last('join').iceServers[0]!.credential)
  })

  it('do not decide alone: the media hears from which network the client came, and came back', async () => {
    const rooms = new TestRooms()
    const { peer, participant } = await rooms.join('an', { query: { clientAddress: '10.0.0.7' } })
    expect(peer.options.clientAddress).toBe('10.0.0.7')
    rooms.registry.resume(rooms.claims('an'), participant.id, new RecordingLink(), '198.51.100.7')
    await new Promise(resolve => setImmediate(resolve))
    expect(peer.calls.indexOf('moved to 198.51.100.7')).toBeGreaterThan(-1)
    expect(peer.iceRestarts).toBe(1)
  })
})
