/** What a page of the room really receives, read from WebRTC statistics. Test-only. */
import type { Page } from '@playwright/test'
import { eventually } from './eventually.ts'

export interface RemoteMedia {
  identity: string
  source: string
  kind: 'audio' | 'video'
  framesDecoded: number
  /** Total energy of the sound received so far (webrtc-stats: totalAudioEnergy). */
  audioEnergy: number
  concealedSamples: number
  totalSamples: number
}

/** Statistics of every remote track the page is subscribed to. `window.__diemcau.room` is the page's livekit-client Room. */
export function remoteMedia(page: Page): Promise<RemoteMedia[]> {
  return page.evaluate(async () => {
    interface TestTrack {
      source: string
      kind: 'audio' | 'video'
      receiver?: RTCRtpReceiver
    }
    interface TestRoom {
      remoteParticipants: Map<
        string,
        { identity: string; trackPublications: Map<string, { source: string; track?: TestTrack }> }
      >
    }
    const room = (window as unknown as { __diemcau?: { room?: TestRoom } }).__diemcau?.room
    const found = []
    for (const participant of room?.remoteParticipants.values() ?? []) {
      for (const { source, track } of participant.trackPublications.values()) {
        if (!track?.receiver) continue
        const stats = await track.receiver.getStats()
        for (const entry of stats.values()) {
          if (entry.type !== 'inbound-rtp') continue
          found.push({
            identity: participant.identity,
            source,
            kind: track.kind,
            framesDecoded: entry.framesDecoded ?? 0,
            audioEnergy: entry.totalAudioEnergy ?? 0,
            concealedSamples: entry.concealedSamples ?? 0,
            totalSamples: entry.totalSamplesReceived ?? 0,
          })
        }
      }
    }
    return found
  })
}

/**
 * Waits until, between two looks, the pictures of all `video` identities moved on and the sound of all `audio` identities
 * carried energy, in this page.
 */
export async function expectFlow(
  page: Page,
  expected: { video: string[]; audio: string[] },
  timeoutMs = 45_000,
): Promise<void> {
  let before = await remoteMedia(page)
  await eventually(
    async () => {
      const now = await remoteMedia(page)
      const grew = (identity: string, kind: 'audio' | 'video') => {
        const value = (list: RemoteMedia[]) =>
          list
            .filter(one => one.identity === identity && one.kind === kind && !one.source.startsWith('screen'))
            .reduce((sum, one) => sum + (kind === 'video' ? one.framesDecoded : one.audioEnergy), 0)
        return value(now) > value(before)
      }
      const missing = [
        ...expected.video
          .filter(identity => !grew(identity, 'video'))
          .map(identity => `picture of ${identity}`),
        ...expected.audio
          .filter(identity => !grew(identity, 'audio'))
          .map(identity => `sound of ${identity}`),
      ]
      before = now
      return missing.length === 0 ? '' : `${await page.title()}: no ${missing.join(', no ')}`
    },
    timeoutMs,
    1000,
  )
}
