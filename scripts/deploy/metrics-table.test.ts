import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { knownMetrics } from './known-metrics.ts'

const doc = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

it('docs/metrics.md has every name of ours as the code makes it, and no other', async () => {
  const rows = doc
    .split('\n')
    .filter(line => line.startsWith('| `diemcau_'))
    .map(line => line.split('|').map(cell => cell.trim()))
    .map(([, name = '', type = '', labels = '', help = '']) => ({
      name: name.replaceAll('`', ''),
      type,
      labels: labels === '' ? [] : labels.replaceAll('`', '').split(', '),
      help,
    }))
  const own = (await knownMetrics()).filter(({ name }) => name.startsWith('diemcau_'))
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  expect(own.length).toBeGreaterThan(50)
  expect(rows.sort(byName)).toEqual(own.sort(byName))
})
