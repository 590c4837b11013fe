import { ParticipantInfo_Kind, TrackSource } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { capabilitiesOf, kindDetailsOf, kindOf, mayPublishSource, permissionOf } from './permissions.ts'

describe('permissions of a token', () => {
  it('allow publishing and subscribing unless refused; data follows publishing', () => {
    expect(permissionOf({})).toMatchObject({
      canSubscribe: true,
      canPublish: true,
      canPublishData: true,
      canUpdateMetadata: false,
      hidden: false,
    })
    expect(permissionOf({ canPublish: false })).toMatchObject({ canPublish: false, canPublishData: false })
    expect(permissionOf({ canPublish: false, canPublishData: true }).canPublishData).toBe(true)
  })

  it('limit the sources; a list of unknown names only allows nothing', () => {
    const some = permissionOf({ canPublishSources: ['MICROPHONE', 'screen_share'] })
    expect(mayPublishSource(some, TrackSource.MICROPHONE)).toBe(true)
    expect(mayPublishSource(some, TrackSource.SCREEN_SHARE)).toBe(true)
    expect(mayPublishSource(some, TrackSource.CAMERA)).toBe(false)
    expect(mayPublishSource(some, TrackSource.UNKNOWN)).toBe(false)
    const strange = permissionOf({ canPublishSources: ['hologram'] })
    expect(mayPublishSource(strange, TrackSource.CAMERA)).toBe(false)
    expect(mayPublishSource(permissionOf({ canPublish: false }), TrackSource.CAMERA)).toBe(false)
  })

  it('name the kind', () => {
    expect(kindOf('agent')).toBe(ParticipantInfo_Kind.AGENT)
    expect(kindOf('nobody knows')).toBe(ParticipantInfo_Kind.STANDARD)
  })

  it('take no name for one that only the table itself answers to', () => {
    for (const name of ['constructor', 'toString', '__proto__', '0', '1']) {
      expect(kindOf(name)).toBe(ParticipantInfo_Kind.STANDARD)
      expect(kindDetailsOf([name])).toEqual([])
      expect(capabilitiesOf([name])).toEqual([])
      expect(permissionOf({ canPublishSources: [name] }).canPublishSources).toEqual([])
    }
  })
})
