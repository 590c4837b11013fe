import { expect, it } from 'vitest'
import { givenSettings } from './given-settings.ts'

it('takes an empty variable for one that is not there, and leaves all others as they are', () => {
  expect(givenSettings({ A: '', B: undefined, C: ',', D: ' ', E: '0' })).toEqual({ C: ',', D: ' ', E: '0' })
})
