import { ParticipantPermission } from '@livekit/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VerifiedClaims } from '../../room/base/claims.ts'
import {
  applyKept,
  decodeKept,
  encodeKept,
  isKeptMuted,
  isNothing,
  keepChanges,
  keepMute,
  nothingKept,
} from './kept-facts.ts'

const claims = (rest: Partial<VerifiedClaims> = {}): VerifiedClaims => ({
  identity: 'an',
  name: 'token',
  metadata: '',
  attributes: {},
  kind: '',
  kindDetails: [],
  expiresAtS: 0,
  notBeforeS: 100,
  video: { room: 'R', roomJoin: true, roomAdmin: true },
  ...rest,
})
const record = (kept: Parameters<typeof encodeKept>[0]) => ({ rev: 1, body: encodeKept(kept) })

describe('what is kept', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            name: fc.string(),
            metadata: fc.string(),
            attributes: fc.dictionary(fc.string(), fc.string()),
            canPublish: fc.boolean(),
          },
          { requiredKeys: [] },
        ),
        fc.uniqueArray(fc.record({ source: fc.integer({ min: 0, max: 4 }), name: fc.string() }), {
          maxLength: 5,
          selector: ({ source, name }) => `${source} ${name}`,
        }),
        ({ canPublish, ...profile }, mutes) => {
          const permission = canPublish === undefined ? undefined : new ParticipantPermission({ canPublish })
          let kept = keepChanges(nothingKept, 5, { ...profile, permission })
          for (const mute of mutes) kept = keepMute(kept, mute, true)
          expect(decodeKept(encodeKept(kept))).toEqual(kept)
          for (const mute of mutes) {
            expect(isKeptMuted(kept, mute)).toBe(true)
            kept = keepMute(kept, mute, false)
            expect(isKeptMuted(kept, mute)).toBe(false)
          }
          expect(kept.mutes).toEqual([])
        },
      ),
    )
  })

  it('is bounded: the oldest attributes and mutes go', () => {
    let kept = nothingKept
    for (let index = 0; index < 300; index++) {
      kept = keepChanges(kept, index, { attributes: { [`key ${index}`]: '1' } })
      kept = keepMute(kept, { source: 1, name: `track ${index}` }, true)
    }
    expect([kept.attributes.length, kept.mutes.length]).toEqual([256, 64])
    expect([kept.attributes.at(-1)?.key, kept.mutes.at(-1)?.name]).toEqual(['key 299', 'track 299'])
    kept = keepChanges(kept, 400, { attributes: { 'key 299': '2' } })
    expect(kept.attributes.filter(({ key }) => key === 'key 299')).toEqual([
      { key: 'key 299', value: '2', atMs: 400 },
    ])
  })

  it('of another version is refused as a whole', () => {
    const body = JSON.stringify({ ...JSON.parse(encodeKept(nothingKept)), format: 2 })
    for (const bad of [body, '{', '', '[]', '{"format":1}'])
      expect(() => applyKept(claims(), { rev: 1, body: bad })).toThrow('cannot be read')
  })
})

describe('the claims of a join', () => {
  it('are what they were without any word of the API', () => {
    const given = claims()
    expect(applyKept(given, null)).toBe(given)
    expect(applyKept(given, record(nothingKept))).toEqual(given)
    expect(isNothing(nothingKept)).toBe(true)
  })

  it('take what was said since the token, fact by fact', () => {
    let kept = keepChanges(nothingKept, 99_999, { name: 'before', attributes: { a: 'before', b: 'before' } })
    kept = keepChanges(kept, 100_000, { metadata: 'same second', attributes: { b: '', c: 'after' } })
    kept = keepChanges(kept, 200_000, { permission: new ParticipantPermission({ canSubscribe: true }) })
    const joined = applyKept(claims({ attributes: { a: 'token', b: 'token' } }), record(kept))
    expect(joined).toMatchObject({ name: 'token', metadata: 'same second' })
    expect(joined.attributes).toEqual({ a: 'token', c: 'after' })
    expect(joined.video).toMatchObject({ room: 'R', roomAdmin: true, canSubscribe: true, canPublish: false })
    const newer = claims({ notBeforeS: 201 })
    expect(applyKept(newer, record(kept))).toEqual(newer)
  })

  it('of a second connection are its owner’s', () => {
    const kept = keepChanges(nothingKept, 200_000, { name: 'x' })
    const second = claims({ owner: 'an', identity: 'an#publish' })
    expect(applyKept(second, record(kept))).toBe(second)
  })
})
