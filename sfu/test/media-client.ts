/**
 * A browser as a bare WebRTC client of the media ports, without LiveKit's SDK or signalling: what is tested here is the
 * SFU's own SDP, ICE, RTP and SCTP. Pictures come from a canvas and sound from an oscillator, so no device is asked for.
 */
import { newParticipantId, newTrackId, type TrackId } from '@diemcau/core/ids.ts'
import { type Browser, chromium, type Page } from '@playwright/test'
import { CHROMIUM_SWITCHES } from '../../testing/chromium-switches.ts'
import type { PeerMedia, PeerMediaListener, RoomMedia, TrackClaim } from '../src/room/base/ports.ts'
import { pageScript } from './media-page.ts'

export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: CHROMIUM_SWITCHES,
  })
}

export interface PublishOptions {
  kind: 'audio' | 'video'
  codec?: string
  /** Simulcast layers q, h, f; 1 = none. */
  layers?: number
  muted?: boolean
}

export class MediaClient {
  readonly participantId = newParticipantId()
  readonly page: Page
  peer!: PeerMedia
  readonly events: string[] = []
  readonly data: { kind: Parameters<PeerMediaListener['onData']>[0]; text: string }[] = []
  readonly refused: string[] = []
  offers = 0
  lastOffer = ''
  lastPublisherOffer = ''
  lastPublisherAnswer = ''
  /** Changes the SFU's descriptions before the browser sees them, e.g. to take candidates away. */
  edit: (sdp: string) => string = sdp => sdp
  #claims: TrackClaim[] = []
  #answers: Promise<unknown> = Promise.resolve()
  /** When false, offers are kept unanswered. */
  isAnswering = true

  private constructor(page: Page) {
    this.page = page
  }

  static async join(
    browser: Browser,
    room: RoomMedia,
    edit: (sdp: string) => string = sdp => sdp,
  ): Promise<MediaClient> {
    const page = await browser.newPage()
    await page.addScriptTag({ content: pageScript })
    const client = new MediaClient(page)
    client.edit = edit
    client.peer = await room.openPeer(
      { participantId: client.participantId, canShareStreams: true },
      client.#listener(),
    )
    await client.peer.start()
    return client
  }

  async publish(options: PublishOptions): Promise<TrackId> {
    const trackId = newTrackId()
    const layers = options.layers ?? 1
    const cid = await this.page.evaluate(o => window.client.addTrack(o), { ...options, layers })
    this.#claims.push({
      trackId,
      cid,
      codecs: options.codec ? [{ codec: options.codec, cid }] : [],
      kind: options.kind,
      layerCount: layers,
      layers: Array.from({ length: layers }, (_, i) => ({
        quality: i,
        width: 960 / 2 ** (layers - 1 - i),
        height: 540 / 2 ** (layers - 1 - i),
      })),
      muted: options.muted ?? false,
      stream: 'camera',
      disableDtx: true,
      stereo: false,
    })
    await this.negotiate()
    return trackId
  }

  async negotiate(iceRestart = false) {
    this.lastPublisherOffer = await this.page.evaluate(r => window.client.publisherOffer(r), iceRestart)
    const result = await this.peer.handlePublisherOffer(this.lastPublisherOffer, this.#claims)
    this.lastPublisherAnswer = result.answer
    await this.page.evaluate(sdp => window.client.publisherAnswer(sdp), this.edit(result.answer))
    this.refused.push(...result.refused.map(r => r.reason))
    return result
  }

  async stopTrack(trackId: TrackId) {
    const claim = this.#claims.find(c => c.trackId === trackId)!
    this.#claims = this.#claims.filter(c => c !== claim)
    await this.page.evaluate(cid => window.client.stopTrack(cid), claim.cid)
    return await this.negotiate()
  }

  /** Inbound streams by track id, from getStats of the subscriber connection. */
  async inbound(): Promise<
    Record<string, { frames: number; width: number; packets: number; codec: string }>
  > {
    return await this.page.evaluate(() => window.client.inbound())
  }

  async outboundLayers(): Promise<{ rid: string; frames: number }[]> {
    return await this.page.evaluate(() => window.client.outboundLayers())
  }

  async sendData(label: string, text: string): Promise<void> {
    await this.page.evaluate(([l, t]) => window.client.sendData(l, t), [label, text] as const)
  }

  async receivedData(): Promise<string[]> {
    return await this.page.evaluate(() => window.client.received)
  }

  async close(): Promise<void> {
    await this.page.close()
  }

  #listener(): PeerMediaListener {
    return {
      onSubscriberOffer: offer => {
        this.offers += 1
        this.lastOffer = offer.sdp
        if (!this.isAnswering) return
        this.#answers = this.#answers.then(async () => {
          const answer = await this.page.evaluate(
            sdp => window.client.subscriberAnswer(sdp),
            this.edit(offer.sdp),
          )
          await this.peer.handleSubscriberAnswer(answer)
        })
        this.#answers.catch(error => this.events.push(`answer failed: ${error}`))
      },
      onConnected: side => this.events.push(`connected ${side}`),
      onDisconnected: side => this.events.push(`disconnected ${side}`),
      onData: (kind, payload) => this.data.push({ kind, text: Buffer.from(payload).toString() }),
      onSubscriptionLost: (trackId, error) =>
        this.events.push(`subscription ${trackId} lost: ${error.message}`),
      onStreamState: (trackId, state) => this.events.push(`stream ${trackId} ${state}`),
      onDataLost: why => this.events.push(`data lost: ${why}`),
      onLost: reason => this.events.push(`lost ${reason}`),
    }
  }
}
