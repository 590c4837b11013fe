import { pino } from 'pino'
import { expect, it } from 'vitest'
import type { VerifiedClaims, VideoGrants } from '../../room/base/claims.ts'
import { Admission, type AdmissionSettings } from './admission.ts'
import type { NodeUse } from './node-budget.ts'

const SETTINGS: AdmissionSettings = {
  isOn: true,
  workerBudget: 75,
  workerKeptBudget: 90,
  eventLoopMs: 250,
  memoryLeftMiB: 256,
  people: 0,
}

function open(settings: Partial<AdmissionSettings> = {}) {
  const use: NodeUse = {
    workerLoads: [0],
    eventLoopMs: 0,
    memoryLeftBytes: 1e12,
    portsTaken: 0,
    people: 0,
    estimate: 0.01,
  }
  const lines: string[] = []
  const log = pino({}, { write: line => void lines.push(JSON.parse(line).msg) })
  const admission = new Admission(
    { ...SETTINGS, ...settings },
    { use: () => use, isHere: (room, identity) => room === 'MT_1' && identity === 'here', log },
  )
  return { admission, use, lines }
}

const claims = (identity: string, video: VideoGrants = {}): VerifiedClaims => ({
  identity,
  name: '',
  metadata: '',
  attributes: {},
  kind: 'standard',
  kindDetails: [],
  expiresAtS: 0,
  notBeforeS: 0,
  video: { roomJoin: true, room: 'MT_1', ...video },
})
const CHAIR = claims('chair', { keptSeat: true })
const VIEWER = claims('viewer')

it('a full node refuses whoever comes, lets kept seats in, and whoever is there already', () => {
  const { admission, use } = open()
  admission.assertRoomFor(VIEWER)
  use.workerLoads = [0.8]
  expect(() => admission.assertRoomFor(VIEWER)).toThrow(
    'this node is full: its media workers are at their budget',
  )
  expect(() => admission.assertRoomFor(VIEWER)).toThrow(expect.objectContaining({ code: 'unavailable' }))
  admission.assertRoomFor(CHAIR)
  admission.assertRoomFor(claims('admin', { roomAdmin: true }))
  // Coming back is no more than there was: overload is the last comer's.
  admission.assertRoomFor(claims('here'))
  expect(() => admission.assertRoomFor(claims('here', { room: 'MT_2' }))).toThrow('full')
  use.workerLoads = [0.95]
  expect(() => admission.assertRoomFor(CHAIR)).toThrow('full')
  admission.assertRoomFor(claims('here'))
})

it('counts whom it refused by why and seat, and nobody who was only asked about', () => {
  const { admission, use } = open({ people: 10 })
  expect(admission.refusals()).toEqual([])
  use.people = 10
  expect(admission.refusalOf(VIEWER)).toBe('people')
  expect(admission.refusals()).toEqual([])
  for (let n = 0; n < 3; n++) expect(() => admission.assertRoomFor(VIEWER)).toThrow()
  use.people = 13
  expect(() => admission.assertRoomFor(CHAIR)).toThrow()
  expect(admission.refusals()).toEqual([
    { why: 'people', seat: 'kept', count: 1 },
    { why: 'people', seat: 'ordinary', count: 3 },
  ])
})

it('says once in the log that it is full, and once that it has room again', () => {
  const { admission, use, lines } = open()
  admission.state()
  use.eventLoopMs = 300
  for (let n = 0; n < 5; n++) admission.state()
  use.eventLoopMs = 10
  for (let n = 0; n < 5; n++) admission.state()
  expect(lines).toEqual(['this node is full: newcomers are refused', 'this node has room again'])
})

it('looks at nothing when it is off, and at no zero', () => {
  const off = open({ isOn: false })
  off.use.workerLoads = [1]
  off.admission.assertRoomFor(VIEWER)
  const zeros = open({ eventLoopMs: 0, memoryLeftMiB: 0, people: 0 })
  Object.assign(zeros.use, { eventLoopMs: 1e9, memoryLeftBytes: 0, people: 1e9 })
  zeros.admission.assertRoomFor(VIEWER)
})

it('keeps no less for the chair than for others, whatever is set', () => {
  const { admission, use } = open({ workerBudget: 95, workerKeptBudget: 80 })
  use.workerLoads = [0.9]
  admission.assertRoomFor(CHAIR)
})

it('tells the others how many more it takes, none when it is full, and how loaded it is', () => {
  const { admission, use } = open({ people: 10 })
  use.workerLoads = [0.3, 0.45]
  use.people = 4
  expect(admission.capacity()).toMatchObject({ left: 6, keptLeft: 9, load: expect.closeTo(0.5) })
  use.people = 10
  expect(admission.capacity()).toMatchObject({ left: 0, keptLeft: 3 })
  use.people = 13
  expect(admission.capacity()).toMatchObject({ left: 0, keptLeft: 0 })
  const off = open({ isOn: false })
  off.use.workerLoads = [1]
  expect(off.admission.capacity().left).toBe(Number.POSITIVE_INFINITY)
})
