import { describe, expect, it } from 'vitest'
import { type ChooseSettings, chooseWorker, type WorkerChoice } from './choose-worker.ts'
import { WorkerLoad } from './worker-load.ts'

const FILL: ChooseSettings = { budget: 0.75, isSpread: false }
const viewer = { mayPublish: false, estimate: 0.01 }
const publisher = { mayPublish: true, estimate: 0.01 }

const worker = (index: number, facts: Partial<WorkerChoice> = {}): WorkerChoice => ({
  index,
  load: 0,
  isFull: false,
  peers: 0,
  ofRoom: 0,
  publishersOfRoom: 0,
  ...facts,
})
const chosen = (workers: WorkerChoice[], who = viewer, settings = FILL) => {
  const choice = chooseWorker(workers, who, settings)
  return choice && `${choice.worker.index} ${choice.why}`
}

describe('a room that is on a worker', () => {
  it('stays there while it is under its budget, however empty the others are', () => {
    const workers = [worker(0), worker(1, { load: 0.6, ofRoom: 50, publishersOfRoom: 1 }), worker(2)]
    expect(chosen(workers)).toBe('1 room')
    expect(chosen(workers, publisher)).toBe('1 room')
  })

  it('goes to the fullest of several that is under its budget', () => {
    const workers = [
      worker(0, { load: 0.75, isFull: true, ofRoom: 90 }),
      worker(1, { load: 0.2, ofRoom: 20 }),
      worker(2, { load: 0.5, ofRoom: 10 }),
    ]
    expect(chosen(workers)).toBe('2 room')
  })

  it('goes on at the emptiest other worker when its own are full, also when they are only not well below their budget yet', () => {
    const others = [worker(1, { load: 0.3 }), worker(2, { load: 0.1 })]
    expect(chosen([worker(0, { load: 0.745, ofRoom: 90 }), ...others])).toBe('2 next')
    expect(chosen([worker(0, { load: 0.66, isFull: true, ofRoom: 90 }), ...others])).toBe('2 next')
    expect(chosen([worker(0, { load: 0.745, ofRoom: 90 }), ...others], publisher)).toBe('2 next')
  })

  it('keeps its publishers together: viewers leave them the last of the budget', () => {
    const home = worker(0, { load: 0.7, ofRoom: 90, publishersOfRoom: 5 })
    const second = worker(1, { load: 0.3, ofRoom: 30, publishersOfRoom: 1 })
    expect(chosen([home, second])).toBe('1 room')
    expect(chosen([home, second], publisher)).toBe('0 room')
    const busier = { ...second, load: 0.65 }
    expect(chosen([{ ...home, load: 0.5 }, busier], publisher)).toBe('0 room')
  })

  it('fills what was left to publishers before any worker goes past its budget', () => {
    const workers = [worker(0, { load: 0.7, ofRoom: 90 }), worker(1, { load: 0.74, isFull: true, ofRoom: 9 })]
    expect(chosen(workers)).toBe('0 room')
  })
})

it('a new room begins on the emptiest worker, where it can grow, and on the first of equals', () => {
  expect(chosen([worker(0, { load: 0.5 }), worker(1, { load: 0.1 }), worker(2, { load: 0.3 })])).toBe(
    '1 new_room',
  )
  expect(chosen([worker(0), worker(1)])).toBe('0 new_room')
})

it('when all are full the least loaded takes whoever is let in', () => {
  const workers = [
    worker(0, { load: 0.95, isFull: true, ofRoom: 90 }),
    worker(1, { load: 0.8, isFull: true }),
    worker(2, { load: 0.9, isFull: true }),
  ]
  expect(chosen(workers)).toBe('1 least')
  expect(chosen(workers.map(w => ({ ...w, ofRoom: 0 })))).toBe('1 least')
})

it('spread goes by the number of people alone, as it was before', () => {
  const workers = [
    worker(0, { peers: 3 }),
    worker(1, { peers: 2, load: 0.9, isFull: true }),
    worker(2, { peers: 2 }),
  ]
  expect(chosen(workers, viewer, { ...FILL, isSpread: true })).toBe('1 spread')
})

it('without a worker there is no choice', () => {
  expect(chosen([])).toBeUndefined()
})

/** People who come one after another, 2 a second; each uses what it is taken for from 3 s after it came. */
function fill(workerCount: number, rooms: number, people: number, costEach: number) {
  const loads = Array.from({ length: workerCount }, () => new WorkerLoad(0.75))
  const on = loads.map(() => ({ peers: [] as { fromMs: number; room: number }[], cpuMs: 0 }))
  let mostUsed = 0
  const placed: number[] = []
  for (let n = 0; n < people; n++) {
    const nowMs = n * 500
    const room = n % rooms
    for (const [index, load] of loads.entries()) {
      const own = on[index]!
      const used = own.peers.filter(({ fromMs }) => fromMs <= nowMs).length * costEach
      mostUsed = Math.max(mostUsed, used)
      own.cpuMs += used * 500
      if (n % 4 === 0) load.sample(own.cpuMs, nowMs)
    }
    const choice = chooseWorker(
      loads.map((load, index) =>
        worker(index, {
          load: load.at(nowMs),
          isFull: load.isFull(nowMs),
          peers: on[index]!.peers.length,
          ofRoom: on[index]!.peers.filter(peer => peer.room === room).length,
        }),
      ),
      { mayPublish: false, estimate: costEach },
      FILL,
    )!
    loads[choice.worker.index]!.placed(costEach, nowMs)
    on[choice.worker.index]!.peers.push({ fromMs: nowMs + 3_000, room })
    placed.push(choice.worker.index)
  }
  return { mostUsed, placed, on }
}

describe('many who come', () => {
  it.each([2, 4, 16])('fill one of %i workers after the other, none past its budget', count => {
    const people = Math.floor((count * 0.6) / 0.01)
    const { mostUsed, placed } = fill(count, 1, people, 0.01)
    expect(mostUsed).toBeLessThanOrEqual(0.75)
    const order = [...new Set(placed)]
    expect(order).toEqual([...order].sort((a, b) => a - b))
    // As few as hold them: a worker is filled to two thirds at least before the next one is begun.
    for (const index of order.slice(0, -1)) {
      const until = placed.indexOf(order[order.indexOf(index) + 1]!)
      expect(placed.slice(0, until).filter(w => w === index).length).toBeGreaterThanOrEqual(50)
    }
  })

  it('of many rooms leave each on as few workers as hold it', () => {
    const { mostUsed, on } = fill(4, 8, 160, 0.01)
    expect(mostUsed).toBeLessThanOrEqual(0.75)
    const workersOf = (room: number) =>
      on.filter(({ peers }) => peers.some(peer => peer.room === room)).length
    const split = Array.from({ length: 8 }, (_, room) => workersOf(room)).filter(count => count > 1)
    expect(split).toEqual([])
  })
})
