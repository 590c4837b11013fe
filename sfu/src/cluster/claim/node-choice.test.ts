import { describe, expect, it } from 'vitest'
import type { Incarnation } from '../record/record-types.ts'
import { chooseNode, fitOf, type NodeCandidate } from './node-choice.ts'

const HERE = undefined
const [EAST, WEST] = ['ND_east', 'ND_west'] as Incarnation[]
const node = (name: Incarnation | undefined, facts: Partial<NodeCandidate> = {}): NodeCandidate => ({
  node: name,
  fit: 1,
  hasRoom: false,
  publishers: 0,
  left: 10,
  load: 0,
  ...facts,
})
const chosen = (candidates: NodeCandidate[], mayPublish = false, isGathered = true) => {
  const choice = chooseNode(candidates, { mayPublish, isGathered })
  return choice && `${choice.node ?? 'here'} ${choice.why}`
}

describe('a newcomer', () => {
  it('goes where the room is, however loaded that node is, while it has room', () => {
    const east = node(EAST, { hasRoom: true, load: 0.9 })
    expect(chosen([node(HERE), east, node(WEST)])).toBe('ND_east room')
    expect(chosen([node(HERE, { load: 0.3 }), { ...east, left: 0 }, node(WEST)])).toBe('ND_west load')
  })

  it('stays where they are when that has the room, too, if they only watch', () => {
    const here = node(HERE, { hasRoom: true, load: 0.8, publishers: 1 })
    const east = node(EAST, { hasRoom: true, load: 0.1, publishers: 5 })
    expect(chosen([here, east])).toBe('here room')
    expect(chosen([here, east], true)).toBe('ND_east room')
  })

  it('of a room that is nowhere goes to the least loaded node, for which the way must be worth it', () => {
    expect(chosen([node(HERE, { load: 0.2 }), node(EAST, { load: 0.15 }), node(WEST, { load: 0.12 })])).toBe(
      'here load',
    )
    expect(chosen([node(HERE, { load: 0.4 }), node(EAST, { load: 0.15 }), node(WEST, { load: 0.12 })])).toBe(
      'ND_west load',
    )
  })

  it('goes to a node of their own network first, then to one for everybody, and elsewhere rather than nowhere', () => {
    const here = node(HERE, { fit: 0, hasRoom: true })
    expect(chosen([here, node(EAST, { fit: 1, hasRoom: true }), node(WEST, { fit: 2, load: 0.9 })])).toBe(
      'ND_west network',
    )
    expect(chosen([here, node(EAST, { fit: 1 }), node(WEST, { fit: 2, left: 0 })])).toBe('ND_east network')
    expect(chosen([here, node(EAST, { fit: 1, left: 0 })])).toBe('here room')
  })

  it('is nobody’s when all are full', () => {
    expect(chosen([node(HERE, { left: 0 }), node(EAST, { left: 0 })])).toBeUndefined()
    expect(chosen([])).toBeUndefined()
  })

  it('stays at the node they came to when the setting says so, and goes on from a full one all the same', () => {
    const east = node(EAST, { hasRoom: true })
    expect(chosen([node(HERE, { load: 0.9 }), east], true, false)).toBe('here entry')
    expect(chosen([node(HERE, { left: 0 }), east, node(WEST)], true, false)).toBe('ND_east room')
    // One that is drained is no candidate at all.
    expect(chosen([node(WEST), east], false, false)).toBe('ND_east room')
  })
})

it('a node fits a client whose network it has an address for, and any when it has one for everybody', () => {
  const government = { networks: ['10.0.0.0/8', '2001:db8::/32'], servesAll: false }
  expect([
    fitOf(government, '10.1.2.3'),
    fitOf(government, '::ffff:10.1.2.3'),
    fitOf(government, '2001:db8::7'),
  ]).toEqual([2, 2, 2])
  expect([fitOf(government, '203.0.113.5'), fitOf(government, ''), fitOf(government, '2001:db9::7')]).toEqual(
    [0, 0, 0],
  )
  const both = { ...government, servesAll: true }
  expect([fitOf(both, '10.1.2.3'), fitOf(both, '203.0.113.5'), fitOf(both, '')]).toEqual([2, 1, 1])
  // What another version wrote and nobody can read is no network.
  expect(fitOf({ networks: ['everywhere'], servesAll: false }, '10.1.2.3')).toBe(0)
})
