/** Every kind of data the stock clients send, between browsers, and between a browser and the native SDK. */
import { dispose, RoomEvent } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { lab } from './room-support/codec-lab.ts'
import { data, expectHeard, heard } from './room-support/data-lab.ts'
import { Scenario } from './room-support/scenario.ts'

const LONG = 'Uỷ ban nhân dân '.repeat(4_000)

describe('data of the stock clients', () => {
  let scenario: Scenario
  const natives: NativePeer[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(async () => {
    for (const peer of natives.splice(0)) await peer.leave()
    await scenario.reset()
  })
  afterAll(async () => {
    await dispose()
    await scenario.close()
  })

  async function join(room: string, identity: string, grants = {}) {
    const client = await scenario.join(room, identity, { grants })
    await data(client).watch()
    return client
  }

  it('passes between browsers: chat, texts, files, tones, calls and their failures', async () => {
    const room = scenario.newRoom()
    const [an, binh, chi] = await Promise.all([
      join(room, 'an'),
      join(room, 'binh'),
      join(room, 'chi', { canSubscribeMetrics: true }),
    ])
    await data(an).chat('xin chào')
    await data(an).sendText('short')
    await data(an).sendText(LONG)
    await data(an).streamText(['one ', 'two ', 'three'])
    await data(an).sendText('for chi only', ['chi'])
    const file = await data(an).sendFile('minutes.pdf', 1_000_000)
    await data(an).dtmf(5, '5')
    await data(an).sendMetrics('measured')
    const call = data(an).rpc('binh', 'greet', 'hello')
    const longCall = data(an).rpc('binh', 'greet', 'x'.repeat(12_000))
    expect(await call).toBe('5 from binh')
    expect(await longCall).toBe('12000 from binh')
    await expect(data(an).rpc('binh', 'fail', '')).rejects.toThrow(/Application error/)
    await expect(data(an).rpc('binh', 'nothing', '')).rejects.toThrow(/not supported/)
    for (const client of [binh, chi]) {
      await expectHeard(client, 'chat', ['an: xin chào'])
      await expectHeard(client, 'bytes', [`an: ${file}`])
      await expectHeard(client, 'dtmf', ['an: 5/5'])
    }
    const texts = ['an: short', `an: ${LONG}`, 'an: one two three']
    await expectHeard(binh, 'text', texts)
    await expectHeard(chi, 'text', [...texts, 'an: for chi only'])
    expect((await heard(binh, 'rpc')).sort()).toEqual(['an: hello', `an: ${'x'.repeat(40)}`])
    expect(await heard(chi, 'rpc')).toEqual([])
    await expectHeard(chi, 'metrics', ['an: measured'])
    expect(await heard(binh, 'metrics')).toEqual([])
    expect(await heard(an, 'text')).toEqual([])
  })

  it('passes between a browser and the native SDK, both ways', async () => {
    const room = scenario.newRoom()
    const browser = await join(room, 'browser')
    const native = await NativePeer.join(scenario.sfu, { room, identity: 'native', agent: true })
    natives.push(native)
    const notes: string[] = []
    const me = native.room.localParticipant!
    native.room.on(RoomEvent.ChatMessage, (message, from) =>
      notes.push(`chat ${from?.identity}: ${message.message}`),
    )
    native.room.on(RoomEvent.DtmfReceived, (_code, digit, from) =>
      notes.push(`dtmf ${from.identity}: ${digit}`),
    )
    native.room.registerTextStreamHandler('lab', async (reader, { identity }) => {
      const text = await reader.readAll()
      notes.push(`text ${identity}: ${text.length} ${text.slice(0, 10)}`)
    })
    native.room.registerByteStreamHandler('lab', async (reader, { identity }) => {
      let size = 0
      for (const chunk of await reader.readAll()) size += chunk.length
      notes.push(`bytes ${identity}: ${reader.info.name} ${size}`)
    })
    me.registerRpcMethod('greet', async ({ payload, callerIdentity }) => `${payload} from ${callerIdentity}`)

    await data(browser).chat('xin chào')
    await data(browser).sendText(LONG)
    await data(browser).sendFile('a.bin', 200_000)
    await data(browser).dtmf(9, '9')
    expect(await data(browser).rpc('native', 'greet', 'hello')).toBe('hello from browser')
    await eventually(() => (notes.length >= 4 ? null : `native has ${notes.join(' | ')}`), 30_000)
    expect(notes.sort()).toEqual([
      'bytes browser: a.bin 200000',
      'chat browser: xin chào',
      'dtmf browser: 9',
      `text browser: ${LONG.length} ${LONG.slice(0, 10)}`,
    ])

    await me.sendChatMessage('chào lại')
    await me.sendText(LONG, { topic: 'lab' })
    await me.publishDtmf(3, '3')
    expect(await me.performRpc({ destinationIdentity: 'browser', method: 'greet', payload: 'hi' })).toBe(
      '2 from browser',
    )
    const writer = await me.streamBytes({ topic: 'lab', name: 'b.bin' })
    await writer.write(new Uint8Array(50_000))
    await writer.close()
    // Of an agent: nobody else may transcribe.
    await me.publishTranscription({
      participantIdentity: 'browser',
      trackSid: 'TR_speech',
      segments: [{ id: 's1', text: 'kính thưa', startTime: 0n, endTime: 1n, language: 'vi', final: true }],
    })
    // The stock client notes what it said itself as well.
    await expectHeard(browser, 'chat', ['browser: xin chào', 'native: chào lại'])
    await expectHeard(browser, 'text', [`native: ${LONG}`])
    await expectHeard(browser, 'dtmf', ['native: 3/3'])
    await expectHeard(browser, 'bytes', ['native: b.bin 50000 0'])
    await expectHeard(browser, 'transcription', ['browser: kính thưa'])
  })

  it('passes encrypted with the true sender, and says nothing to those without the key', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.browser.open(), scenario.browser.open()])
    for (const [client, identity] of [
      [an, 'an'],
      [binh, 'binh'],
    ] as const) {
      const token = await scenario.sfu.token({ room, identity })
      await lab(client).connectEncrypted(scenario.sfu.wsUrl, token, 'a shared key')
      await data(client).watch()
    }
    const outsider = await join(room, 'outsider')
    await an.send('secret')
    await data(an).sendText('also secret')
    expect(await data(an).rpc('binh', 'greet', 'psst')).toBe('4 from binh')
    await expectHeard(binh, 'text', ['an: also secret'])
    await expectHeard(binh, 'rpc', ['an: psst'])
    expect(await binh.data()).toEqual([{ text: 'secret', from: 'an', topic: '', size: 6 }])
    await data(outsider).chat('in the open')
    await expectHeard(binh, 'chat', ['outsider: in the open'])
    expect(await outsider.data()).toEqual([])
    expect(await heard(outsider, 'text')).toEqual([])
  })
})
