/**
 * What every record of a cluster does, in memory or in Redis: `describeRecord` is called by the test of each. Time passes only by `pass`,
 * which a fake clock does at once; scenarios that need more than 4 s of it are left out where it cannot leap.
 */
import { describe } from 'vitest'
import { describeEndings } from './scenarios/endings.ts'
import { describeNodes } from './scenarios/nodes.ts'
import { describeReading } from './scenarios/reading.ts'
import { describeRestoring } from './scenarios/restoring.ts'
import { describeSeats } from './scenarios/seats.ts'
import type { MakeRecord, RecordAbilities } from './scenarios/test-cluster.ts'
import { describeWebhooks } from './scenarios/webhooks.ts'

export type { MakeRecord, RecordUnderTest } from './scenarios/test-cluster.ts'

export function describeRecord(name: string, make: MakeRecord, abilities: RecordAbilities): void {
  describe(name, () => {
    describeNodes(make, abilities)
    describeSeats(make, abilities)
    describeEndings(make)
    describeWebhooks(make, abilities)
    describeReading(make)
    describeRestoring(make)
  })
}
