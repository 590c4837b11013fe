/** What a browser lives through: lost sockets, full reconnects, a dead worker. And what a node does: bad input. */
import { AddTrackRequest, SessionDescription, SignalRequest, SignalResponse } from '@livekit/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../testing/eventually.ts'
import { expectEvent, expectPicture, expectSound, hasEvent, Scenario } from './room-support/scenario.ts'

describe('a browser in a room', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  it('resumes after its socket was lost: same participant, pictures go on both ways', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishDrawing({})
    await binh.publishDrawing({})
    await Promise.all([expectPicture(binh, 'an'), expectPicture(an, 'binh')])
    const { sid } = await an.state()
    await an.simulate('signal-reconnect')
    // While it is away the room goes on, and it must hear of it afterwards.
    await scenario.sfu.roomService().updateParticipant(room, 'binh', { metadata: 'changed meanwhile' })
    await expectEvent(an, 'reconnected')
    expect((await an.state()).sid).toBe(sid)
    await Promise.all([expectPicture(binh, 'an'), expectPicture(an, 'binh')])
    await expectEvent(an, 'metadata', 'binh=changed meanwhile')
    expect(await hasEvent(binh, 'participantDisconnected')).toBe(false)
    await binh.send('after')
    await eventually(async () => ((await an.data()).length === 1 ? null : 'no data after the resume'))
    const tone = await an.publishTone()
    expect(tone).toMatch(/^TR_/)
    await expectSound(binh, 'an')
  })

  it('comes back from a full reconnect with its tracks', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishDrawing({})
    await binh.publishDrawing({})
    await Promise.all([expectPicture(binh, 'an'), expectPicture(an, 'binh')])
    const { sid } = await an.state()
    await an.simulate('full-reconnect')
    await expectEvent(an, 'reconnected')
    expect((await an.state()).sid).not.toBe(sid)
    await Promise.all([expectPicture(binh, 'an'), expectPicture(an, 'binh')])
    expect(await scenario.sfu.roomService().listParticipants(room)).toHaveLength(2)
  })

  it('comes back by itself when told to reconnect, and when the worker under it is killed', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishDrawing({})
    await expectPicture(binh, 'an')
    await an.simulate('leave-full-reconnect')
    await expectEvent(an, 'reconnected')
    await expectPicture(binh, 'an')

    const before = await scenario.sfu.workers()
    const [victim] = before
    process.kill(victim!.pid, 'SIGKILL')
    await eventually(async () => {
      const workers = await scenario.sfu.workers()
      const isReplaced = workers.length === 2 && workers.every(worker => worker.pid !== victim!.pid)
      const peers = workers.reduce((sum, worker) => sum + worker.peers, 0)
      return isReplaced && peers === 2 ? null : `workers: ${JSON.stringify(workers)}`
    }, 15_000)
    await expectPicture(binh, 'an')
    for (const client of [an, binh])
      await eventually(async () => {
        const { state } = await client.state()
        return state === 'connected' ? null : state
      })
  })

  it('comes back by itself after the node was killed and started again', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishDrawing({})
    await expectPicture(binh, 'an')
    const sids = await Promise.all([an, binh].map(async client => (await client.state()).sid))
    await scenario.sfu.kill()
    await scenario.sfu.start()
    await eventually(
      async () => {
        const states = await Promise.all([an.state(), binh.state()])
        const isBack = states.every(({ state, sid }, i) => state === 'connected' && sid !== sids[i])
        return isBack ? null : JSON.stringify(states)
      },
      40_000,
      200,
    )
    await expectPicture(binh, 'an')
    await an.send('still here')
    await eventually(async () => ((await binh.data()).length === 1 ? null : 'no data'))
  })

  it('resumes even when the first attempt is cut off as well', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await binh.publishDrawing({})
    await expectPicture(an, 'binh')
    await an.simulate('disconnect-signal-on-resume')
    await expectEvent(an, 'reconnected')
    await expectPicture(an, 'binh')
  })

  describe('a socket with bad input', () => {
    /** Connects and returns the responses and how it ended. */
    const open = async (query = '') => {
      const room = scenario.newRoom()
      const token = await scenario.sfu.token({ room, identity: 'raw' })
      const socket = new WebSocket(`${scenario.sfu.wsUrl}/rtc?access_token=${token}&protocol=16${query}`)
      const messages: SignalResponse['message'][] = []
      let closed: { code: number; reason: string } | undefined
      socket.on('message', data =>
        messages.push(SignalResponse.fromBinary(new Uint8Array(data as Buffer)).message),
      )
      socket.on('close', (code, reason) => {
        closed = { code, reason: reason.toString() }
      })
      socket.on('error', () => {})
      await eventually(() => (messages.length > 0 || closed ? null : 'no answer'))
      const send = (message: SignalRequest['message']) =>
        socket.send(new SignalRequest({ message }).toBinary())
      const ended = async () => {
        await eventually(() => (closed ? null : 'still open'))
        return closed
      }
      return { socket, messages, send, ended, room }
    }

    it('is closed with a reason: not protobuf, text, too large, too many', async () => {
      const garbage = await open()
      garbage.socket.send(Buffer.from([0xff, 0xff, 0xff, 0xff]))
      expect(await garbage.ended()).toEqual({ code: 1007, reason: 'malformed SignalRequest' })
      const text = await open()
      text.socket.send('{"ping":1}')
      expect(await text.ended()).toEqual({ code: 1003, reason: 'binary protobuf expected' })
      const large = await open()
      large.socket.send(Buffer.alloc(3 * 1024 * 1024))
      expect((await large.ended())?.code).toBe(1009)
      const flood = await open()
      for (let i = 0; i < 2_000; i++) flood.send({ case: 'ping', value: 1n })
      expect(await flood.ended()).toEqual({ code: 1008, reason: 'too many signal messages' })
      expect((await fetch(`${scenario.sfu.url}/healthz`)).status).toBe(200)
    })

    it('gets a leave for an absurd offer, a refusal for a resume of nobody', async () => {
      const absurd = await open()
      absurd.send({
        case: 'offer',
        value: new SessionDescription({ type: 'offer', sdp: 'v=0\r\nm=nonsense', id: 1 }),
      })
      await absurd.ended()
      expect(absurd.messages.map(message => message.case)).toContain('leave')
      const nobody = await open('&reconnect=1&sid=PA_nobody')
      await nobody.ended()
      expect(nobody.messages.map(message => message.case)).toEqual(['leave'])
    })

    it('is refused more tracks than the limit, and an unknown kind of track', async () => {
      const greedy = await open()
      for (let i = 0; i < 40; i++)
        greedy.send({
          case: 'addTrack',
          value: new AddTrackRequest({ cid: `c${i}`, type: i === 39 ? 2 : 0 }),
        })
      await eventually(() => {
        const refused = greedy.messages.filter(message => message.case === 'requestResponse').length
        const accepted = greedy.messages.filter(message => message.case === 'trackPublished').length
        return refused === 8 && accepted === 32 ? null : `${accepted} accepted, ${refused} refused`
      })
      greedy.socket.close()
    })
  })
})
