import { describe, expect, it } from 'vitest'
import { attributesLength, defaultLimits } from './limits.ts'
import { changedProfile, type Profile } from './metadata.ts'

describe('changes of a profile', () => {
  const profile = { name: 'n', metadata: 'm', attributes: { a: '1', b: '2' } }
  it('merge attributes and remove empty ones', () => {
    const next = changedProfile(profile, { attributes: { a: '', c: '3' } }, defaultLimits)
    expect(next).toEqual({ name: 'n', metadata: 'm', attributes: { b: '2', c: '3' } })
    expect(changedProfile(profile, { name: 'n', attributes: { a: '1' } }, defaultLimits)).toBeUndefined()
  })
  it('stay within the limits', () => {
    const limits = { ...defaultLimits, metadataBytes: 4, attributesBytes: 6, nameBytes: 4 }
    expect(() => changedProfile(profile, { metadata: 'ạạ' }, limits)).toThrow(/metadata/)
    expect(() => changedProfile(profile, { attributes: { c: '123' } }, limits)).toThrow(/attributes/)
    expect(() => changedProfile(profile, { name: 'Hội' }, limits)).toThrow(/name/)
    expect(attributesLength({ a: 'ạ' })).toBe(4)
  })
  it.each<[string, Partial<Profile>]>([
    ['name', { name: 'An\u0000' }],
    ['name', { name: 'An\nBình' }],
    ['name', { name: 'An\u0085' }],
    ['metadata', { metadata: '{"a":"\u0000"}' }],
    ['metadata', { metadata: '\ud800' }],
    ['the name of an attribute', { attributes: { 'a\t': '1' } }],
    ['an attribute', { attributes: { a: '\udc00x' } }],
  ])('leave a profile that holds no control characters: %s', (what, changes) => {
    expect(() => changedProfile(profile, changes, defaultLimits)).toThrow(
      new RegExp(`^${what} holds (control|U\\+0000)`),
    )
  })
  it('may break lines in metadata and values, and be in any script', () => {
    const changes = {
      name: 'Nguyễn 👩‍👩‍👧 ខ្មែរ',
      metadata: '{\n\t"a": 1\r\n}',
      attributes: { lý: 'một\nhai' },
    }
    expect(changedProfile(profile, changes, defaultLimits)).toMatchObject({ name: changes.name })
  })
})
