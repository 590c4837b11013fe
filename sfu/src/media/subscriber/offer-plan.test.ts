import { describe, expect, it } from 'vitest'
import { planOffer } from './offer-plan.ts'
import { SectionTable } from './section-table.ts'
import type { Subscription } from './subscription.ts'

const parameters = { codecs: [] }
const subscriptionTo = (trackId: string) =>
  ({ consumer: {}, track: { trackId, stream: 'camera' } }) as unknown as Subscription

const room = { publisherOf: () => 'PA_x' }

describe('an offer to a subscriber', () => {
  const table = new SectionTable<Subscription>()
  const [gone, here] = [subscriptionTo('TR_gone'), subscriptionTo('TR_here')]
  const first = table.take('video', gone)
  table.fill(first, parameters)
  planOffer(table.listed, true, room)
  table.retire(first)
  const second = table.take('audio', here)
  table.fill(second, parameters)

  it('puts tracks of one source in one stream, and rejects the section of a track that is gone', () => {
    const { sections, midToTrackId, offered } = planOffer(table.listed, true, room)
    expect(sections.map(({ state }) => state)).toEqual(['data', 'rejected', 'active'])
    expect(sections[2]).toMatchObject({ participantId: 'PA_x', stream: 'camera', trackId: 'TR_here' })
    expect(midToTrackId).toEqual({ '2': 'TR_here' })
    expect([...offered.values()]).toEqual([undefined, here])
  })

  it('names the track as the stream for a client that cannot have several in one', () => {
    expect(planOffer(table.listed, false, room).sections[2]).toMatchObject({
      stream: 'TR_here',
      trackId: 'TR_here',
    })
  })
})
