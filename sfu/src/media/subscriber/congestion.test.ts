import { describe, expect, it } from 'vitest'
import { Congestion, type LinkState, type Picture, type Verdict } from './congestion.ts'
import { readCost } from './congestion-costs.ts'

const camera: Picture = { id: 'camera', rank: 1, leastBps: 150_000, lowestBps: 60_000, hasLayers: true }
const single: Picture = { id: 'single', rank: 1, leastBps: 600_000, lowestBps: 600_000, hasLayers: false }

/** A link whose clock goes on by a second with every estimate, unless told otherwise. */
class Link {
  readonly congestion = new Congestion()
  readonly pictures: Picture[]
  nowMs = 10_000
  constructor(...pictures: Picture[]) {
    this.pictures = pictures
  }
  estimate(kbps: number, rest: Partial<LinkState> & { afterMs?: number } = {}): Record<string, Verdict> {
    const { afterMs = 1_000, ...link } = rest
    this.nowMs += afterMs
    const state = { ...this.#state(kbps), ...link }
    return Object.fromEntries(this.congestion.update(state, this.pictures))
  }
  probe(kbps: number): number | undefined {
    return this.congestion.probeBps(this.#state(kbps), this.pictures)
  }
  /** Seconds until `id` is no longer held at that estimate. */
  secondsUntilBack(id: string, kbps: number): number {
    for (let seconds = 1; seconds < 120; seconds++) if (this.estimate(kbps)[id] !== 'held') return seconds
    return Number.POSITIVE_INFINITY
  }
  #state(kbps: number): LinkState {
    return { nowMs: this.nowMs, availableBps: kbps * 1_000, flowBps: 0, soundBps: 50_000, loss: 0 }
  }
}

describe('a picture with layers', () => {
  it('is left to the worker while its lowest layer fits', () => {
    const link = new Link(camera)
    for (const kbps of [2_000, 700, 300, 160]) expect(link.estimate(kbps)).toEqual({ camera: 'free' })
  })

  it('pauses for half a second when the link is narrowed under it, goes on at the lowest layer, then freely', () => {
    const link = new Link(camera)
    link.estimate(1_500)
    expect(link.estimate(400, { flowBps: 900_000, loss: 0.3 })).toEqual({ camera: 'drain' })
    expect(link.estimate(400, { afterMs: 200, loss: 0.3 })).toEqual({ camera: 'drain' })
    expect(link.estimate(400, { afterMs: 300 })).toEqual({ camera: 'lowest' })
    expect(link.estimate(400)).toEqual({ camera: 'lowest' })
    expect(link.estimate(400)).toEqual({ camera: 'free' })
  })

  it('is held at once on a flooded link that lets less through than its lowest layer, and pauses where more passes', () => {
    const narrow = new Link(camera)
    narrow.estimate(2_000)
    expect(narrow.estimate(65, { isFlooded: true, flowBps: 900_000 })).toEqual({ camera: 'held' })
    const wider = new Link(camera)
    wider.estimate(2_000)
    expect(wider.estimate(300, { isFlooded: true, flowBps: 900_000 })).toEqual({ camera: 'drain' })
    expect(wider.estimate(300, { afterMs: 500 })).toEqual({ camera: 'lowest' })
  })

  it('does not go on after a pause on a link that turned out too narrow for it', () => {
    const link = new Link(camera)
    link.estimate(1_500)
    expect(link.estimate(400, { flowBps: 900_000, loss: 0.3 })).toEqual({ camera: 'drain' })
    expect(link.estimate(50, { afterMs: 500 })).toEqual({ camera: 'held' })
  })

  it('does not mind an estimate that falls while less than that is sent', () => {
    const link = new Link(camera)
    link.estimate(2_000)
    expect(link.estimate(1_200, { flowBps: 900_000 })).toEqual({ camera: 'free' })
  })

  it('is held when even the lowest layer has not fitted for three seconds, at once when nothing of it fits', () => {
    const slow = new Link(camera)
    slow.estimate(500)
    for (let i = 0; i < 3; i++) expect(slow.estimate(100)).toEqual({ camera: 'free' })
    expect(slow.estimate(100)).toEqual({ camera: 'held' })
    const fast = new Link(camera)
    fast.estimate(500)
    expect(fast.estimate(45)).toEqual({ camera: 'held' })
  })

  it('comes back with a margin and room for sound, by way of its lowest layer', () => {
    const link = new Link(camera)
    link.estimate(45)
    for (let i = 0; i < 30; i++) expect(link.estimate(190)).toEqual({ camera: 'held' })
    expect(link.estimate(260)).toEqual({ camera: 'held' })
    expect(link.estimate(260)).toEqual({ camera: 'held' })
    expect(link.estimate(260)).toEqual({ camera: 'held' })
    expect(link.estimate(260)).toEqual({ camera: 'lowest' })
    link.estimate(260)
    expect(link.estimate(260)).toEqual({ camera: 'free' })
  })

  it('is not brought back by a single good measurement', () => {
    const link = new Link(camera)
    link.estimate(45)
    for (let i = 0; i < 10; i++) {
      expect(link.estimate(300)).toEqual({ camera: 'held' })
      expect(link.estimate(300)).toEqual({ camera: 'held' })
      expect(link.estimate(120)).toEqual({ camera: 'held' })
    }
  })

  it('comes back without the margin, too, when it has always just fitted for four seconds', () => {
    const link = new Link(camera)
    link.estimate(45)
    for (const kbps of [210, 240, 205, 230]) expect(link.estimate(kbps)).toEqual({ camera: 'held' })
    expect(link.estimate(220)).toEqual({ camera: 'lowest' })
    const shaky = new Link(camera)
    shaky.estimate(45)
    for (let i = 0; i < 10; i++)
      for (const kbps of [240, 210, 230, 195]) expect(shaky.estimate(kbps)).toEqual({ camera: 'held' })
  })

  it('waits longer each time it had to go again, but never longer than it takes to be sure', () => {
    const link = new Link(camera)
    link.estimate(45)
    const waits = Array.from({ length: 5 }, () => {
      const seconds = link.secondsUntilBack('camera', 400)
      link.estimate(45)
      return seconds
    })
    expect(waits[0]).toBe(4)
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    expect(waits.at(-1)).toBe(7)
  })
})

describe('a picture of one layer', () => {
  it('is held within a second when it does not fit and packets are lost', () => {
    const link = new Link(single)
    link.estimate(1_200)
    expect(link.estimate(450, { loss: 0.25 })).toEqual({ single: 'free' })
    expect(link.estimate(440, { loss: 0.25 })).toEqual({ single: 'held' })
  })

  it('is held at once when the estimate collapses under it', () => {
    const link = new Link(single)
    link.estimate(1_200)
    expect(link.estimate(300, { flowBps: 600_000, loss: 0.4 })).toEqual({ single: 'held' })
  })

  it('stays through a moment of late reports without loss, and goes when that lasts', () => {
    const link = new Link(single)
    link.estimate(1_200)
    for (let i = 0; i < 4; i++) expect(link.estimate(350, { flowBps: 600_000 })).toEqual({ single: 'free' })
    expect(link.estimate(350, { flowBps: 600_000 })).toEqual({ single: 'held' })
  })

  it('stays on a link that loses packets but has room', () => {
    const link = new Link(single)
    for (let i = 0; i < 20; i++) expect(link.estimate(900, { loss: 0.08 })).toEqual({ single: 'free' })
  })

  it('is not held by an estimate that never got beyond its start', () => {
    const link = new Link({ ...single, leastBps: 5_000_000, lowestBps: 5_000_000 })
    for (let i = 0; i < 20; i++) expect(link.estimate(2_000)).toEqual({ single: 'free' })
    link.estimate(2_000, { loss: 0.3 })
    expect(link.estimate(2_000, { loss: 0.3 })).toEqual({ single: 'held' })
  })

  it('is tried for in steps while it is held', () => {
    const link = new Link(single)
    expect(link.probe(1_000)).toBeUndefined()
    for (let i = 0; i < 6; i++) link.estimate(100, { loss: 0.3 })
    expect(link.probe(30)).toBe(320_000)
    expect(link.probe(300)).toBe(660_000)
    expect(link.probe(1_000)).toBe(Math.round((600_000 * 1.3 + 50_000) * 1.5))
    expect(link.probe(1_500)).toBeUndefined()
  })

  it('is held at once on a flooded link that lets well less through than it takes', () => {
    const link = new Link(single)
    link.estimate(2_000)
    expect(link.estimate(450, { isFlooded: true, flowBps: 600_000 })).toEqual({ single: 'free' })
    expect(link.estimate(350, { isFlooded: true, flowBps: 600_000 })).toEqual({ single: 'held' })
  })
})

describe('several pictures', () => {
  const screen: Picture = { id: 'screen', rank: 255, leastBps: 400_000, lowestBps: 400_000, hasLayers: false }
  const spotlight: Picture = { ...camera, id: 'spotlight', rank: 100 }

  it('go in order of rank: the ones that matter least first', () => {
    const link = new Link(camera, spotlight, screen)
    link.estimate(1_500)
    const held = (kbps: number) => {
      let verdicts: Record<string, Verdict> = {}
      for (let i = 0; i < 5; i++) verdicts = link.estimate(kbps, { loss: 0.2 })
      return Object.keys(verdicts)
        .filter(id => verdicts[id] === 'held')
        .toSorted()
    }
    expect(held(720)).toEqual([])
    expect(held(580)).toEqual(['camera'])
    expect(held(440)).toEqual(['camera', 'spotlight'])
  })

  it('share what is left when the first of them does not fit at all', () => {
    const link = new Link(camera, spotlight, screen)
    let verdicts: Record<string, Verdict> = {}
    for (let i = 0; i < 5; i++) verdicts = link.estimate(330, { loss: 0.2 })
    expect(verdicts).toEqual({ camera: 'free', spotlight: 'free', screen: 'held' })
  })

  it('of which one is held are tried for together', () => {
    const link = new Link(camera, screen)
    for (let i = 0; i < 5; i++) link.estimate(440, { loss: 0.2 })
    expect(link.probe(330)).toBe(726_000)
    expect(link.probe(450)).toBe(967_500)
  })

  it('come back one at a time, the one that matters most first', () => {
    const link = new Link(camera, spotlight)
    for (let i = 0; i < 5; i++) link.estimate(40)
    const order: string[] = []
    for (let i = 0; i < 30; i++) {
      const verdicts = link.estimate(2_500)
      for (const [id, verdict] of Object.entries(verdicts))
        if (verdict !== 'held' && !order.includes(id)) order.push(id)
      if (i === 0) expect(order).toEqual([])
    }
    expect(order).toEqual(['spotlight', 'camera'])
  })

  it('a new one waits when the link is known to be too narrow for it, and is free otherwise', () => {
    const link = new Link(single)
    for (let i = 0; i < 3; i++) link.estimate(200, { loss: 0.3 })
    link.pictures.push(camera)
    expect(link.estimate(200)).toEqual({ single: 'held', camera: 'held' })
    const wide = new Link(camera)
    wide.estimate(2_000)
    wide.pictures.push(single)
    expect(wide.estimate(2_000)).toEqual({ single: 'free', camera: 'free' })
  })

  it('forgets pictures that are no longer wanted', () => {
    const link = new Link(camera)
    link.estimate(40)
    expect(link.congestion.isRestricting).toBe(true)
    link.pictures.pop()
    expect(link.estimate(40)).toEqual({})
    expect(link.congestion.isRestricting).toBe(false)
  })
})

describe('what a picture costs', () => {
  const stat = (rid: string | undefined, bitrate: number, bitrateByLayer: Record<string, number> = {}) =>
    ({ type: 'inbound-rtp', rid, bitrate, bitrateByLayer }) as never

  it('is the lowest stream of simulcast, by its rid', () => {
    const stats = [stat('f', 900_000), stat('q', 150_000, { '0.0': 60_000, '0.1': 90_000, '0.2': 150_000 })]
    expect(readCost(stats, 'q')).toEqual({ leastBps: 150_000, lowestBps: 60_000 })
  })
  it('is the lowest spatial layer of SVC', () => {
    const stats = [stat(undefined, 900_000, { '0.0': 50_000, '0.2': 110_000, '1.0': 400_000 })]
    expect(readCost(stats, undefined)).toEqual({ leastBps: 110_000, lowestBps: 50_000 })
  })
  it('is all of a single stream, and nothing while it is not known', () => {
    expect(readCost([stat(undefined, 700_000)], undefined)).toEqual({ leastBps: 700_000, lowestBps: 700_000 })
    expect(readCost([], 'q')).toEqual({ leastBps: 0, lowestBps: 0 })
  })
})
