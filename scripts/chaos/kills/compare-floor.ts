/**
 * What the portal acknowledged against what its database holds: chat, hands, settings, the log of events, and what people have
 * on their screens. Pure. Each function answers with what is wrong, one a line; nothing is what is promised.
 */
import type { Sent } from './ledger.ts'

export interface ChatRow {
  id: string
  identity: string
  text: string
}

/** Text of a person's message: its number. */
export const lineOf = (number: number): string => `dòng ${number}`

/**
 * Each acknowledged message once and in the order of its sender; one that was refused or not answered at most once.
 * @param sent by identity, numbers in the order of sending
 * @param rows in the order of the meeting
 */
export function chatFaults(
  sent: ReadonlyMap<string, readonly Sent<number>[]>,
  rows: readonly ChatRow[],
): string[] {
  const faults: string[] = []
  const byIdentity = Map.groupBy(rows, row => row.identity)
  for (const [identity, list] of sent) {
    const own = byIdentity.get(identity) ?? []
    byIdentity.delete(identity)
    const numbers = new Map(list.map(one => [lineOf(one.value), one]))
    const times = new Map<string, number>()
    let last = Number.NEGATIVE_INFINITY
    for (const { text } of own) {
      times.set(text, (times.get(text) ?? 0) + 1)
      const one = numbers.get(text)
      if (one === undefined) faults.push(`chat: ${identity} never sent "${text}"`)
      else if (one.outcome === 'acked' && times.get(text) === 1) {
        if (one.value < last) faults.push(`chat: ${identity} ${one.value} stands after ${last}`)
        last = Math.max(last, one.value)
      }
    }
    for (const { value, outcome } of list) {
      const there = times.get(lineOf(value)) ?? 0
      if (outcome === 'acked' && there === 0)
        faults.push(`chat: ${identity} ${value} was acknowledged and is not there`)
      if (there > 1) faults.push(`chat: ${identity} ${value} is there ${there} times`)
    }
  }
  for (const [identity, own] of byIdentity)
    faults.push(`chat: ${own.length} of ${identity}, who sent nothing`)
  return faults
}

/**
 * One value that commands set, each sent when the one before it was answered: it is the last acknowledged one, or one of those
 * sent after it whose answer was no or none.
 */
export function settingFaults<Value>(
  name: string,
  sent: readonly Sent<Value>[],
  initial: Value,
  actual: Value,
): string[] {
  let allowed = [initial]
  for (const { value, outcome } of sent) allowed = outcome === 'acked' ? [value] : [...allowed, value]
  if (allowed.includes(actual)) return []
  const expected = [...new Set(allowed)].map(String).join(' or ')
  return [`${name}: is ${String(actual)}, acknowledged was ${expected}`]
}

/**
 * A person's hand in the log of events: up and down in turn, and as often as acknowledged.
 * @param sent true: up. One after the other
 * @param events `hand_raised` and `hand_lowered` of this person, in order; others are none of this function's business
 */
export function handFaults(
  identity: string,
  sent: readonly Sent<boolean>[],
  events: readonly string[],
): string[] {
  const faults: string[] = []
  const ups = events.filter(type => type === 'hand_raised' || type === 'hand_lowered')
  for (const [index, type] of ups.entries())
    if ((type === 'hand_raised') !== (index % 2 === 0)) {
      faults.push(`hand: ${identity} ${type} twice in a row`)
      break
    }
  for (const isUp of [true, false]) {
    const type = isUp ? 'hand_raised' : 'hand_lowered'
    const told = ups.filter(one => one === type).length
    // Sure is only a change from what was sure before; a repeated wish changes nothing and tells nothing.
    const least = sent.filter(
      ({ value, outcome }, index) =>
        value === isUp &&
        outcome === 'acked' &&
        (index === 0 ? isUp : sent[index - 1]!.outcome === 'acked' && sent[index - 1]!.value !== isUp),
    ).length
    const most = sent.filter(({ value }) => value === isUp).length
    if (told < least) faults.push(`hand: ${identity} ${type} ${told} times, acknowledged ${least} times`)
    if (told > most) faults.push(`hand: ${identity} ${type} ${told} times, asked for ${most} times`)
  }
  return faults
}

export interface LogEntry {
  seq: number
  type: string
  /** Of the message or of the person it is about, where it is about one. */
  about: string
}

/** The log has no hole, and what it tells is what the tables hold. @param hands identities whose hand is up, in any order */
export function logFaults(
  log: readonly LogEntry[],
  lastSeq: number,
  messages: readonly string[],
  hands: readonly string[],
): string[] {
  const faults: string[] = []
  const hole = log.findIndex(({ seq }, index) => seq !== index + 1)
  if (hole >= 0) faults.push(`events: ${log[hole]!.seq} stands where ${hole + 1} should`)
  else if (log.length !== lastSeq) faults.push(`events: ${log.length}, the meeting counts ${lastSeq}`)
  const told = log.filter(({ type }) => type === 'chat_sent').map(({ about }) => about)
  if (told.join() !== messages.join())
    faults.push(`events: tell ${told.length} messages, ${messages.length} are there, or in another order`)
  const up = new Set<string>()
  for (const { type, about } of log)
    if (type === 'hand_raised') up.add(about)
    else if (type === 'hand_lowered') up.delete(about)
  const [toldUp, areUp] = [[...up].toSorted().join(' '), hands.toSorted().join(' ')]
  if (toldUp !== areUp) faults.push(`events: tell the hands of "${toldUp}", there are those of "${areUp}"`)
  return faults
}

/** Newest messages that every newcomer is given; a screen has at least these. */
const SCREEN_LEAST = 300

/** What is on somebody's screen is the newest of what is there, all of it and in order. Ids of messages. */
export function screenFaults(
  identity: string,
  screen: readonly string[],
  messages: readonly string[],
): string[] {
  const least = Math.min(SCREEN_LEAST, messages.length)
  if (screen.length < least)
    return [`screen: ${identity} has ${screen.length} messages, ${messages.length} are there`]
  const expected = messages.slice(messages.length - screen.length)
  const wrong = screen.findIndex((id, index) => id !== expected[index])
  return wrong < 0 && screen.length <= messages.length
    ? []
    : [`screen: ${identity} has ${screen[wrong]} where ${expected[wrong]} should be`]
}
