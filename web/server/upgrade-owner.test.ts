import { expect, it } from 'vitest'
import { upgradeOwner } from './upgrade-owner.ts'

it('gives an upgrade to the floor, to unbuilt pages, or to nobody, whatever the request line is', () => {
  expect(upgradeOwner('/socket.io/?EIO=4&transport=websocket', false)).toBe('floor')
  expect(upgradeOwner('/_next/webpack-hmr', true)).toBe('pages')
  expect(upgradeOwner('/_next/webpack-hmr', false)).toBeNull()
  for (const url of ['//', 'http://[', '*', '/', '', undefined]) expect(upgradeOwner(url, true)).toBeNull()
})
