/** Everybody of the province's meeting comes in: by the portal first, then into the media room, at a rate that was asked for. */
import { pause } from '../chaos/chaos-cluster.ts'
import { PortalDoor } from '../chaos/kills/portal-door.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { Attendee, Numbers } from './attendee.ts'
import { RealDelegate } from './real-delegate.ts'
import type { ProvinceMeeting } from './schedule.ts'
import { type Choice, choiceOf, wants } from './watches.ts'

/** One in so many halls speaks. */
const TALKING = 5

export interface Crowd {
  halls: Attendee[]
  delegates: Attendee[]
  real: RealDelegate[]
  /** By identity. */
  choices: Map<string, Choice>
  /** How long each took from asking the portal until it was let in, lobby included, ms. */
  admittedMs: number[]
  /** From asking for a token until the media connection stood, and what was published was taken, ms. */
  enteredMs: number[]
  /** Who could not come, and why. */
  faults: string[]
}

export interface GatherOptions {
  portalUrl: string
  meeting: ProvinceMeeting
  clients: RtcClients
  delegates: number
  real: number
  perSecond: number
  pictures: number
  voices: number
  say: (line: string) => void
  signal: AbortSignal
}

/** Halls by their codes, delegates by the meeting's and through the lobby. Who cannot come is in `faults`. */
export async function gather(options: GatherOptions, crowd: Crowd): Promise<void> {
  const { portalUrl, meeting, clients, delegates, real, perSecond, say } = options
  const numbers = new Numbers()
  const choices = crowd.choices
  const door = (name: string, passcode: string) => new PortalDoor(portalUrl, meeting.code, { name, passcode })
  const arrive = async (name: string, passcode: string, hall: number | undefined): Promise<Attendee> => {
    const attendee: Attendee = await Attendee.arrive({
      door: door(name, passcode),
      clients,
      numbers,
      isHall: hall !== undefined,
      isTalking: hall !== undefined && hall % TALKING === 0,
      wants: (identity, kind) => wants(choices.get(attendee.identity), identity, kind),
    })
    return attendee
  }
  const paced = <Item, Result>(
    items: readonly Item[],
    work: (item: Item, index: number) => Promise<Result>,
  ) => inTurn(items, perSecond, crowd.faults, options.signal, work)
  const timed = async <Result>(times: number[], work: () => Promise<Result>): Promise<Result> => {
    const start = performance.now()
    const result = await work()
    times.push(performance.now() - start)
    return result
  }

  say(`${meeting.halls.length} halls and ${delegates} delegates ask to be let in, ${perSecond} a second`)
  crowd.halls.push(
    ...(await paced(meeting.halls, ({ name, code }, index) =>
      timed(crowd.admittedMs, () => arrive(name, code, index)),
    )),
  )
  crowd.delegates.push(
    ...(await paced(numbered(delegates), number =>
      timed(crowd.admittedMs, () => arrive(`Đại biểu ${number}`, meeting.passcode, undefined)),
    )),
  )
  const talkers = crowd.halls.filter(({ isTalking }) => isTalking).map(({ identity }) => identity)
  for (const [turn, { identity, isHall }] of [...crowd.halls, ...crowd.delegates].entries())
    choices.set(identity, choiceOf(talkers, turn, { ...options, pictures: isHall ? 1 : options.pictures }))

  say('they go into the room, halls first')
  for (const group of [crowd.halls, crowd.delegates])
    await paced(group, one => timed(crowd.enteredMs, () => one.enterRoom()))
  crowd.real.push(
    ...(await paced(numbered(real), async number => {
      const choice = choiceOf(talkers, number, options)
      const one = await RealDelegate.arrive(
        door(`Đại biểu bằng SDK ${number}`, meeting.passcode),
        (identity, kind) => wants(choice, identity, kind),
      )
      await one.enterRoom()
      return one
    })),
  )
}

const numbered = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** So many begun each second, however long each takes. @returns what came of those that did not fail, in order */
async function inTurn<Item, Result>(
  items: readonly Item[],
  perSecond: number,
  faults: string[],
  signal: AbortSignal,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const started = performance.now()
  const all: Promise<Result[]>[] = []
  for (const [index, item] of items.entries()) {
    const waitMs = started + (index / perSecond) * 1000 - performance.now()
    if (waitMs > 0) await pause(waitMs)
    if (signal.aborted) break
    all.push(
      work(item, index).then(
        result => [result],
        error => {
          faults.push(`somebody could not come: ${error instanceof Error ? error.message : String(error)}`)
          return []
        },
      ),
    )
  }
  return (await Promise.all(all)).flat()
}
