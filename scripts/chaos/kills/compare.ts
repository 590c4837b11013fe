/** What was acknowledged and what is there, of everything, at one moment. */
import { pause } from '../chaos-cluster.ts'
import { chatFaults, handFaults, logFaults, screenFaults, settingFaults } from './compare-floor.ts'
import { checkPresence, type PresenceFindings } from './compare-presence.ts'
import { type Coverage, coverageOf, type Kill } from './compare-recording.ts'
import { type Tally, tally } from './ledger.ts'
import type { People } from './people.ts'
import { type MeetingFacts, readGivenUp, readMeeting, readPresence } from './read-meeting.ts'
import type { Captured, CapturedFiles } from './read-recording.ts'
import type { Settings } from './settings-writer.ts'

const ANSWER_MS = 30_000
/** Screens get the last events, and webhooks come, within these. */
const SCREEN_MS = 15_000
const PRESENCE_MS = 60_000
const LOOK_MS = 250

export interface Comparison {
  chat: Tally
  hands: Tally
  settings: Tally
  presence: PresenceFindings
  recording: Coverage & Omit<Captured, 'parts' | 'unplayable'>
  /** What is wrong, one a line. */
  faults: string[]
}

export interface Compared {
  people: People
  /** As they were before anybody changed anything. */
  initial: Settings
  files: CapturedFiles
  recording: { id: string; startedAt: number }
  kills: readonly Kill[]
}

/** Everybody rests meanwhile. @param isOver nobody is in the room any more, and the recording was stopped at this time */
export async function compare(all: Compared, isOver?: { stoppedAt: number }): Promise<Comparison> {
  const { people, initial, files, kills } = all
  await people.rest(ANSWER_MS)
  const facts = await readMeeting(people.db, people.meetingId)
  const stays = new Map(
    people.all.map(({ identity, stays: own }) => [identity, own.map(one => ({ ...one }))]),
  )
  const presence = await settledPresence(people, stays, isOver !== undefined)
  const recordedTo = isOver?.stoppedAt ?? Date.now() - UNWRITTEN_MS
  const { parts, unplayable, ...captured } = await files.read(isOver !== undefined)
  const coverage = coverageOf({ from: all.recording.startedAt, to: recordedTo }, parts, stays, kills)
  return {
    chat: tally(people.all.flatMap(({ chat }) => chat)),
    hands: tally(people.all.flatMap(({ hand }) => hand)),
    settings: tally(people.settings.all),
    presence,
    recording: { ...coverage, ...captured },
    faults: [
      ...floorFaults(people, facts, initial),
      ...(await screensFaults(people, facts)),
      ...presence.faults,
      ...coverage.faults,
      ...unplayable,
      ...(await recordingFaults(all, isOver !== undefined)),
      ...(await readGivenUp(people.db)),
    ],
  }
}

/** What has come and is not in a file yet. */
const UNWRITTEN_MS = 1_500

function floorFaults(people: People, facts: MeetingFacts, initial: Settings): string[] {
  const { log } = people.settings
  const eventsOf = (identity: string) =>
    facts.log.filter(({ about }) => about === identity).map(({ type }) => type)
  const setting = <Name extends keyof Settings>(name: Name) =>
    settingFaults<Settings[Name]>(name, log[name], initial[name], facts.settings[name])
  return [
    ...chatFaults(new Map(people.all.map(({ identity, chat }) => [identity, chat])), facts.chat),
    ...people.all.flatMap(({ identity, hand }) => [
      ...settingFaults(`hand of ${identity}`, hand, false, facts.hands.includes(identity)),
      ...handFaults(identity, hand, eventsOf(identity)),
    ]),
    ...setting('viewersMayRaiseHand'),
    ...setting('viewersMayAsk'),
    ...setting('locked'),
    ...setting('spotlight'),
    ...logFaults(
      facts.log,
      facts.lastSeq,
      facts.chat.map(({ id }) => id),
      facts.hands,
    ),
  ]
}

/** Each floor client holds what the database holds. */
async function screensFaults(people: People, { chat, hands, settings }: MeetingFacts): Promise<string[]> {
  const ids = chat.map(({ id }) => id)
  const wrong = () =>
    people.all.flatMap(({ identity, floor }) => {
      const state = floor.state.get()
      const up = state.hands.map(hand => hand.identity)
      const { viewersMayRaiseHand, viewersMayAsk } = state.options
      const { locked, spotlight } = state
      const seen: Settings = { viewersMayRaiseHand, viewersMayAsk, locked, spotlight }
      return [
        ...screenFaults(
          identity,
          state.chat.map(({ id }) => id),
          ids,
        ),
        ...(up.toSorted().join() === hands.toSorted().join()
          ? []
          : [`screen: ${identity} has the hands of "${up.join(' ')}" up, not of "${hands.join(' ')}"`]),
        ...(JSON.stringify(seen) === JSON.stringify(settings)
          ? []
          : [`screen: ${identity} has ${JSON.stringify(seen)}, not ${JSON.stringify(settings)}`]),
      ]
    })
  const deadline = Date.now() + SCREEN_MS
  while (wrong().length > 0 && Date.now() < deadline) await pause(LOOK_MS)
  return wrong()
}

/** Webhooks come when they come: what is wrong counts when it does not pass. */
async function settledPresence(
  people: People,
  stays: ReadonlyMap<string, { from: number; to: number }[]>,
  isOver: boolean,
): Promise<PresenceFindings> {
  const deadline = Date.now() + PRESENCE_MS
  const here = new Set(isOver ? [] : people.inRoom.map(({ identity }) => identity))
  for (;;) {
    const rows = await readPresence(people.db, people.meetingId)
    const findings = checkPresence({ rows, stays, here, now: Date.now() })
    if (findings.faults.length === 0 || Date.now() > deadline) return findings
    await pause(LOOK_MS)
  }
}

/** One recording from the beginning to its stop, which goes on as long as nobody stops it. */
async function recordingFaults({ people, recording }: Compared, isOver: boolean): Promise<string[]> {
  const rows = await people.db.recording.findMany({
    where: { meetingId: people.meetingId },
    orderBy: { requestedAt: 'asc' },
  })
  const others = rows.filter(({ id }) => id !== recording.id)
  const own = rows.find(({ id }) => id === recording.id)
  const isRight = isOver ? own?.status !== 'failed' : own?.status === 'recording'
  return [
    ...(isRight ? [] : [`recording: is ${own?.status} (${own?.error ?? 'without a reason'})`]),
    ...others.map(
      ({ status, error }) => `recording: there is another one, ${status} (${error ?? 'no reason'})`,
    ),
  ]
}
