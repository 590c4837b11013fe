import { expect, it } from 'vitest'
import {
  type FirstPictureReport,
  formatFirstPictures,
  laterBy,
  PLACES,
  type Place,
  SINCE,
  type Since,
  tooLate,
} from './measure-first-picture.ts'

/** Three viewers in each place, of whom the last has bad luck. */
const report = (pictureMs: (since: Since, place: Place) => number): FirstPictureReport => ({
  waits: (Object.keys(SINCE) as Since[]).flatMap(since =>
    (Object.keys(PLACES) as Place[]).flatMap(place =>
      [0, 0, 1_000].map(badLuckMs => ({
        since,
        place,
        connectMs: 40,
        pictureMs: pictureMs(since, place) + badLuckMs,
      })),
    ),
  ),
  generatorCpuPercent: 80,
  seconds: 60,
})

it('judges by the difference of medians', () => {
  const kept = report((_since, place) => (place === 'first' ? 300 : 100))
  expect([laterBy(kept, 'join', 'first'), laterBy(kept, 'join', 'next')]).toEqual([200, 0])
  expect(tooLate(kept, 200)).toEqual([])
})

it('says in words where it is later than promised, and of nothing that was measured makes no promise kept', () => {
  const late = report((since, place) => (since === 'subscription' && place === 'next' ? 301 : 100))
  expect(tooLate(late, 200)).toEqual([
    'A picture on that node, which has the track comes 201 ms later than on the same node (since setSubscribed(), medians), which is more than 200 ms.',
  ])
  expect(tooLate({ ...late, waits: [] }, 200)).toHaveLength(4)
})

it('has a line for each place', () => {
  const lines = formatFirstPictures(report(() => 100))
  for (const title of Object.values(PLACES))
    expect(lines.filter(line => line.trimStart().startsWith(`${title} `))).toHaveLength(3)
  expect(lines.at(-1)).toBe('load generator: 80 % of a core over 60 s')
})
