/** A running SFU and browser pages in one of its rooms; the shared ground of the conformance tests. */
import type { RoomConnectOptions, RoomOptions } from 'livekit-client'
import { eventually } from '../../../testing/eventually.ts'
import type { TestGrants } from '../../../testing/sfu-access.ts'
import { type RunningSfu, type StartSfuOptions, startSfu } from '../../../testing/start-sfu.ts'
import { type BrowserClient, TestBrowser } from './browser.ts'
import type { ReceivedStats } from './page.ts'
import type { RemoteClient } from './remote-client.ts'

let roomNumber = 0

export class Scenario {
  readonly sfu: RunningSfu
  readonly browser: TestBrowser

  private constructor(sfu: RunningSfu, browser: TestBrowser) {
    this.sfu = sfu
    this.browser = browser
  }

  static async create(options: { sfu?: StartSfuOptions; browserArgs?: string[] } = {}): Promise<Scenario> {
    const [sfu, browser] = await Promise.all([
      startSfu({ workers: 2, ...options.sfu }),
      TestBrowser.create(options.browserArgs),
    ])
    return new Scenario(sfu, browser)
  }

  /** A room name no other test uses. */
  newRoom(): string {
    return `room-${++roomNumber}`
  }

  async join(
    room: string,
    identity: string,
    options: {
      grants?: TestGrants
      room?: RoomOptions
      connect?: RoomConnectOptions
      token?: string
      /** Another way to the SFU, e.g. `NetworkPath.wsUrl`. */
      url?: string
    } = {},
  ): Promise<BrowserClient> {
    const client = await this.browser.open()
    const token =
      options.token ?? (await this.sfu.token({ room, identity, name: identity, ...options.grants }))
    await client.connect(options.url ?? this.sfu.wsUrl, token, options.room ?? {}, options.connect ?? {})
    return client
  }

  /** After each test: pages gone and the process still well. */
  async reset(): Promise<void> {
    await this.browser.leaveAll()
  }

  async close(): Promise<void> {
    await this.browser.close()
    await this.sfu.stop()
  }
}

/** The statistics of one remote track, undefined before it is subscribed. */
export async function statsOf(
  client: RemoteClient,
  identity: string,
  source: string,
): Promise<ReceivedStats | undefined> {
  return (await client.received()).find(track => track.identity === identity && track.source === source)
}

/** Waits until the picture has grown by `frames` from now on. */
export async function expectPicture(
  client: RemoteClient,
  identity: string,
  source = 'camera',
  frames = 5,
): Promise<ReceivedStats> {
  let first: ReceivedStats | undefined
  let last: ReceivedStats | undefined
  await eventually(
    async () => {
      last = await statsOf(client, identity, source)
      if (!last) return `${source} of ${identity} is not subscribed`
      // A new track counts from nothing again.
      if (!first || first.sid !== last.sid || last.framesDecoded < first.framesDecoded) first = last
      const grown = last.framesDecoded - first.framesDecoded
      const { bytes, streamState } = last
      return grown >= frames
        ? null
        : `${grown} new frames of ${source} of ${identity} decoded (${streamState}, ${bytes} bytes so far)`
    },
    15_000,
    100,
  )
  return last as ReceivedStats
}

/** Of a tone it takes a fraction of a second; comfort noise, and what a codec makes of silence, never comes to it. */
export const HEARD_ENERGY = 0.005

/** Waits until sound that can be heard has arrived from now on. */
export async function expectSound(
  client: RemoteClient,
  identity: string,
  source = 'microphone',
): Promise<void> {
  let first: number | undefined
  await eventually(
    async () => {
      const stats = await statsOf(client, identity, source)
      if (!stats) return `${source} of ${identity} is not subscribed`
      first = Math.min(first ?? stats.energy, stats.energy)
      const heard = stats.energy - first
      return heard > HEARD_ENERGY ? null : `energy ${heard} in ${source} of ${identity}`
    },
    15_000,
    100,
  )
}

/** Waits until no further frame of a subscribed picture arrives for a while. */
export async function expectNoPicture(
  client: RemoteClient,
  identity: string,
  source = 'camera',
): Promise<void> {
  let last = -1
  let still = 0
  await eventually(
    async () => {
      const frames = (await statsOf(client, identity, source))?.framesDecoded
      if (frames === undefined) return `${source} of ${identity} is not subscribed`
      still = frames === last ? still + 1 : 0
      last = frames
      return still >= 6 ? null : `frames still arrive (${frames})`
    },
    10_000,
    100,
  )
}

export async function expectEvent(client: RemoteClient, name: string, detail?: string): Promise<void> {
  await eventually(
    async () => {
      const events = await client.events()
      const isThere = events.some(
        event => event.name === name && (detail === undefined || event.detail === detail),
      )
      const seen = events.map(event => `${event.name}(${event.detail})`).join(' ')
      return isThere ? null : `no ${name}(${detail ?? ''}) among: ${seen}`
    },
    15_000,
    100,
  )
}

/** True when an event is absent now; call it after something that would have come later. */
export async function hasEvent(client: RemoteClient, name: string, detail?: string): Promise<boolean> {
  const events = await client.events()
  return events.some(event => event.name === name && (detail === undefined || event.detail === detail))
}
