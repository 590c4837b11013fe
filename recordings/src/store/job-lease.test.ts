import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JobLease, readClaim } from './job-lease.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-lease-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the claim on a recording', () => {
  it('is made by one of those who try at once', async () => {
    const tries = await Promise.all(['a', 'b', 'c', 'd'].map(owner => JobLease.claim(folder, 1, owner)))
    expect(tries.filter(lease => lease !== null)).toHaveLength(1)
    expect(await readClaim(folder)).toMatchObject({ term: 1, isReleased: false })
  })

  it('shows by another text that its holder lives, and is lost to the next term', async () => {
    const first = await JobLease.claim(folder, 1, 'a')
    const before = await readClaim(folder)
    expect(await first?.renew()).toBe(true)
    expect((await readClaim(folder))?.beat).not.toBe(before?.beat)
    const second = await JobLease.claim(folder, 2, 'b')
    expect(await first?.renew()).toBe(false)
    expect(await second?.renew()).toBe(true)
    // Said too late, it is no word on the claim that holds.
    await first?.release()
    expect(await readClaim(folder)).toMatchObject({ term: 2, isReleased: false })
  })

  it('is free for others when it was released', async () => {
    const lease = await JobLease.claim(folder, 1, 'a')
    await lease?.release()
    expect(await readClaim(folder)).toMatchObject({ term: 1, isReleased: true })
  })

  it('does not bring a deleted recording back', async () => {
    const path = join(folder, 'gone')
    mkdirSync(path)
    const lease = await JobLease.claim(path, 1, 'a')
    rmSync(path, { recursive: true })
    expect(await lease?.renew()).toBe(false)
    expect(await JobLease.claim(path, 2, 'b')).toBeNull()
    expect(await readClaim(path)).toBeNull()
  })
})
