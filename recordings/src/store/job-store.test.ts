import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordingState } from '@diemcau/core/recording/status.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { JobFolder } from './job-store.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'job-store-'))
})
afterEach(() => rm(root, { recursive: true }))

it('leaves no draft behind when a state cannot be put in its place, and writes the next one', async () => {
  const folder = new JobFolder(root, 'EG_abcd')
  await folder.create()
  // A folder of that name is what a rename cannot replace.
  await mkdir(join(folder.path, 'state.json', 'in-the-way'), { recursive: true })
  const state = { egressId: 'EG_abcd' } as RecordingState
  for (let time = 0; time < 3; time++) await expect(folder.writeState(state)).rejects.toThrow()
  expect((await readdir(folder.path)).toSorted()).toEqual(['state.json', 'tracks'])
  await rm(join(folder.path, 'state.json'), { recursive: true })
  await folder.writeState(state)
  expect((await readdir(folder.path)).toSorted()).toEqual(['state.json', 'tracks'])
})
