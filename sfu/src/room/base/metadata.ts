/** Changes of name, metadata and attributes, by the participant itself or by the API, within the limits. */
import { AppError } from '@diemcau/core/errors.ts'
import { isPlain, isStorable } from '@diemcau/core/text/storable.ts'
import { attributesLength, byteLength, type RoomLimits } from './limits.ts'

export interface Profile {
  name: string
  metadata: string
  attributes: Record<string, string>
}

/**
 * Overlays `changes`; an attribute set to '' is removed. Undefined when nothing changes. Throws
 * AppError as `assertProfile`, and then changes nothing.
 */
export function changedProfile(
  profile: Profile,
  changes: Partial<Profile>,
  limits: RoomLimits,
): Profile | undefined {
  const attributes = { ...profile.attributes }
  for (const [key, value] of Object.entries(changes.attributes ?? {})) {
    if (value === '') delete attributes[key]
    else attributes[key] = value
  }
  const next = {
    name: changes.name ?? profile.name,
    metadata: changes.metadata ?? profile.metadata,
    attributes,
  }
  assertProfile(next, limits)
  const keys = new Set([...Object.keys(attributes), ...Object.keys(profile.attributes)])
  const isSame =
    next.name === profile.name &&
    next.metadata === profile.metadata &&
    [...keys].every(key => attributes[key] === profile.attributes[key])
  return isSame ? undefined : next
}

/**
 * Identities and names of rooms are told to others, written into webhooks and stored by who receives them: no control characters.
 * @throws AppError('invalid_argument')
 */
export function assertPlain(what: string, text: string): void {
  if (!isPlain(text)) throw new AppError('invalid_argument', `${what} holds control characters`)
}

/** Free text, JSON among it: whatever UTF-8 and a database can hold. @throws AppError('invalid_argument') */
export function assertStorable(what: string, text: string): void {
  if (!isStorable(text))
    throw new AppError('invalid_argument', `${what} holds U+0000 or half of a surrogate pair`)
}

/** @throws AppError('over_limit'), ('invalid_argument') */
export function assertProfile(profile: Profile, limits: RoomLimits): void {
  assertPlain('name', profile.name)
  assertStorable('metadata', profile.metadata)
  for (const [key, value] of Object.entries(profile.attributes)) {
    assertPlain('the name of an attribute', key)
    assertStorable('an attribute', value)
  }
  const over = (what: string, limit: number): never => {
    throw new AppError('over_limit', `${what} is over the limit of ${limit} bytes`)
  }
  if (byteLength(profile.name) > limits.nameBytes) over('name', limits.nameBytes)
  if (byteLength(profile.metadata) > limits.metadataBytes) over('metadata', limits.metadataBytes)
  if (attributesLength(profile.attributes) > limits.attributesBytes)
    over('attributes', limits.attributesBytes)
}
