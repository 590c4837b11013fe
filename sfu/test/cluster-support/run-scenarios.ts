/**
 * What holds on one node holds on several: the same scenarios on each set-up, their clients spread over its nodes and the API asked at nodes
 * that are not the participant's own. A file for each set-up, and so a process: the native SDK does not take clients by the hundred for ever.
 */
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { TestBrowser } from '../room-support/browser.ts'
import { Ground } from './ground.ts'
import { dataBetween } from './scenarios/data.ts'
import { media } from './scenarios/media.ts'
import { moving } from './scenarios/moving.ts'
import { presence } from './scenarios/presence.ts'
import { reconnects } from './scenarios/reconnects.ts'
import { stories } from './scenarios/stories.ts'
import type { SetUp } from './set-ups.ts'

export function runScenarios(setUp: SetUp): void {
  if (setUp.missing) console.warn(`scenarios are not run on ${setUp.name}: ${setUp.missing}`)
  describe.skipIf(setUp.missing)(setUp.name, () => {
    let ground: Ground
    let browser: Promise<TestBrowser> | undefined
    beforeAll(async () => {
      ground = await Ground.create(setUp, () => (browser ??= TestBrowser.create()))
    })
    afterEach(() => ground.reset())
    afterAll(async () => {
      await ground?.close()
      await (await browser)?.close()
      await dispose()
    })

    describe('people', () => presence(() => ground))
    describe('picture and sound', () => media(() => ground))
    describe('data', () => dataBetween(() => ground))
    describe('moves', () => moving(() => ground))
    describe('lost connections', () => reconnects(() => ground))
    describe('stories', () => stories(() => ground))
  })
}
