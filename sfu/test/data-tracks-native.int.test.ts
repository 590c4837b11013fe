/**
 * Data tracks between a browser and the core of the native SDKs (Rust). @livekit/rtc-node has no method for them yet, so the
 * core is asked the way rtc-node itself asks it, by its own client; a new version of it may need other words here.
 */
import { dispose, type LocalParticipant } from '@livekit/rtc-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { data, expectHeard, heard } from './room-support/data-lab.ts'
import { Scenario } from './room-support/scenario.ts'

interface Owned {
  handle?: { id?: bigint }
  info?: { sid?: string; name?: string }
  publisherIdentity?: string
}
interface CoreEvent {
  message: { case?: string; value: { asyncId?: bigint; streamHandle?: bigint } & Record<string, unknown> }
}
interface Core {
  request<T>(request: { message: { case: string; value: object } }): T
  getNextRequestAsyncId(): bigint
  on(event: 'ffi_event', listener: (event: CoreEvent) => void): void
  off(event: 'ffi_event', listener: (event: CoreEvent) => void): void
}

const core = (): Core => {
  const client = (globalThis as { _ffiClientInstance?: unknown })._ffiClientInstance
  if (!client) throw new Error('the native core is not loaded')
  return client as Core
}

let scenario: Scenario
beforeAll(async () => {
  scenario = await Scenario.create()
})
afterAll(async () => {
  await dispose()
  await scenario.close()
})

it('data tracks pass between a browser and the native core, both ways', async () => {
  const room = scenario.newRoom()
  const browser = await scenario.join(room, 'browser')
  await data(browser).watch()
  const native = await NativePeer.join(scenario.sfu, { room, identity: 'native' })
  const found: Owned[] = []
  const frames: string[] = []
  let published: Owned | undefined
  const asyncId = core().getNextRequestAsyncId()
  const listen = ({ message: { case: kind, value } }: CoreEvent) => {
    const inner = (value.message ?? value.result ?? value.detail) as
      | { case?: string; value?: unknown }
      | undefined
    if (kind === 'roomEvent' && inner?.case === 'dataTrackPublished')
      found.push((inner.value as { track: Owned }).track)
    if (kind === 'publishDataTrack' && value.asyncId === asyncId && inner?.case === 'track')
      published = inner.value as Owned
    if (kind === 'dataTrackStreamEvent' && inner?.case === 'frameReceived') {
      const { frame } = inner.value as { frame: { payload: Uint8Array } }
      frames.push(Buffer.from(frame.payload).toString())
      read(value.streamHandle)
    }
  }
  /** The core gives a frame when it is asked for one. */
  const read = (streamHandle: bigint | undefined) =>
    core().request({ message: { case: 'dataTrackStreamRead', value: { streamHandle } } })
  core().on('ffi_event', listen)
  try {
    expect(await data(browser).publishTrack('of the browser')).toMatch(/^DTR_/)
    await eventually(() => (found.length > 0 ? null : 'the native core knows of no data track'), 30_000)
    expect(found[0]).toMatchObject({ publisherIdentity: 'browser', info: { name: 'of the browser' } })
    const { stream } = core().request<{ stream: Owned }>({
      message: { case: 'subscribeDataTrack', value: { trackHandle: found[0]?.handle?.id, options: {} } },
    })
    read(stream.handle?.id)
    await eventually(
      async () => {
        await data(browser).push('of the browser', 'hello native')
        return frames.includes('hello native') ? null : `${frames.length} frames`
      },
      30_000,
      200,
    )

    const me = native.room.localParticipant as LocalParticipant & { ffi_handle: { handle: bigint } }
    core().request({
      message: {
        case: 'publishDataTrack',
        value: {
          localParticipantHandle: me.ffi_handle.handle,
          options: { name: 'of the native' },
          requestAsyncId: asyncId,
        },
      },
    })
    await eventually(() => (published ? null : 'not published'), 30_000)
    expect(published?.info?.sid).toMatch(/^DTR_/)
    await expectHeard(browser, 'trackPublished', ['native: of the native'])
    await data(browser).readTrack('native', 'of the native')
    await eventually(
      async () => {
        const frame = { payload: Buffer.from('hello browser'), userTimestamp: 7n }
        const trackHandle = published?.handle?.id
        core().request({ message: { case: 'localDataTrackTryPush', value: { trackHandle, frame } } })
        const noted = await heard(browser, 'frame')
        return noted.includes('native/of the native: hello browser 13 7') ? null : `has ${noted.join()}`
      },
      30_000,
      200,
    )
  } finally {
    core().off('ffi_event', listen)
    await native.leave()
    await scenario.reset()
  }
})
