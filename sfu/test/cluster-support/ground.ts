/** Nodes of a set-up, and clients in their rooms; the shared ground of the scenarios. */
import type { ParticipantInfo, RoomServiceClient } from 'livekit-server-sdk'
import { eventually } from '../../../testing/eventually.ts'
import { NativePeer } from '../../../testing/native-peer.ts'
import type { SfuAccess, TestGrants } from '../../../testing/sfu-access.ts'
import { TEST_KEYS } from '../../../testing/start-sfu.ts'
import { TestWebhooks } from '../../../testing/webhook-receiver.ts'
import type { BrowserClient, TestBrowser } from '../room-support/browser.ts'
import { data } from '../room-support/data-lab.ts'
import type { OpenNodes, SetUp } from './set-ups.ts'

let roomNumber = 0

interface Place {
  /** The node to enter by, of however many there are; default the next one after that of whoever joined the room before. */
  at?: number
  /** Another way to the nodes. */
  url?: string
}

export class Ground {
  readonly webhooks: TestWebhooks
  readonly #open: OpenNodes
  readonly #browser: () => Promise<TestBrowser>
  readonly #peers: NativePeer[] = []
  readonly #pages: BrowserClient[] = []
  readonly #joined = new Map<string, number>()

  private constructor(webhooks: TestWebhooks, open: OpenNodes, browser: () => Promise<TestBrowser>) {
    this.webhooks = webhooks
    this.#open = open
    this.#browser = browser
  }

  /** `browser`: started when the first scenario asks for a page; whoever gave it closes it. */
  static async create(setUp: SetUp, browser: () => Promise<TestBrowser>): Promise<Ground> {
    const webhooks = await TestWebhooks.create(TEST_KEYS.key, TEST_KEYS.secret)
    try {
      return new Ground(webhooks, await setUp.open(webhooks), browser)
    } catch (error) {
      await webhooks.down()
      throw error
    }
  }

  get nodes(): readonly SfuAccess[] {
    return this.#open.nodes
  }
  /** The node of that number, counted on from the first after the last. */
  node(at: number): SfuAccess {
    return this.nodes[at % this.nodes.length]!
  }
  /** RoomService at a node: of a participant who entered by node n, `api(n + 1)` is not its own where there are several. */
  api(at: number): RoomServiceClient {
    return this.node(at).roomService()
  }
  /** The same question at every node. */
  everywhere<T>(ask: (api: RoomServiceClient, at: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.nodes.map((node, at) => ask(node.roomService(), at)))
  }

  /** A room name no other test uses. */
  newRoom(): string {
    return `scene-${process.pid}-${++roomNumber}`
  }

  /** A native client. */
  async join(
    room: string,
    identity: string,
    grants: TestGrants = {},
    { at, url, ...options }: Place & Parameters<typeof NativePeer.join>[2] = {},
  ): Promise<NativePeer> {
    const node = this.#place(room, at)
    const peer = await NativePeer.join(
      node,
      { room, identity, ...grants },
      { url: url ?? node.wsUrl, ...options },
    )
    this.#peers.push(peer)
    return peer
  }

  /** A browser with the stock client, its data noted as well. */
  async page(
    room: string,
    identity: string,
    grants: TestGrants = {},
    { at, url, ...options }: Place & { room?: Parameters<BrowserClient['connect']>[2] } = {},
  ): Promise<BrowserClient> {
    const node = this.#place(room, at)
    const page = await (await this.#browser()).open()
    this.#pages.push(page)
    await page.connect(url ?? node.wsUrl, await node.token({ room, identity, ...grants }), options.room ?? {})
    await data(page).watch()
    return page
  }

  /** How many clients have their media at each node, of all rooms. */
  connected(): Promise<number[]> {
    return Promise.all(
      this.nodes.map(async ({ url }) => {
        const text = await (await fetch(`${url}/metrics`)).text()
        const peers = [...text.matchAll(/^diemcau_sfu_worker_peers\{.*\} (\d+)$/gm)]
        return peers.reduce((sum, [, count]) => sum + Number(count), 0)
      }),
    )
  }

  /** Waits until every node lists exactly these in the room, in any order; what they say of each. */
  async expectListed(room: string, identities: string[]): Promise<ParticipantInfo[][]> {
    const wanted = [...identities].sort().join()
    let lists: ParticipantInfo[][] = []
    await eventually(async () => {
      lists = await this.everywhere(api => api.listParticipants(room))
      const wrong = lists
        .map(list =>
          list
            .map(({ identity }) => identity)
            .sort()
            .join(),
        )
        .filter(list => list !== wanted)
      return wrong.length === 0 ? null : `a node lists ${wrong[0]} instead of ${wanted}`
    })
    return lists
  }

  /** After each test: everybody leaves. */
  async reset(): Promise<void> {
    await Promise.all([...this.#peers.splice(0), ...this.#pages.splice(0)].map(client => client.leave()))
  }

  async close(): Promise<void> {
    await this.reset()
    try {
      await this.#open.close()
    } finally {
      await this.webhooks.down()
    }
  }

  #place(room: string, at: number | undefined): SfuAccess {
    const place = at ?? this.#joined.get(room) ?? 0
    this.#joined.set(room, place + 1)
    return this.node(place)
  }
}
