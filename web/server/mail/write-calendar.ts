/** The calendar entry of a mail (RFC 5545), as part of a conversation about one meeting (RFC 5546). */
import ical, { ICalAttendeeRole, ICalCalendarMethod, ICalEventStatus } from 'ical-generator'
import type { MailFacts } from './mail-facts.ts'

/**
 * The same UID for the meeting's whole life, a growing SEQUENCE, CANCEL for the last word. Somebody who is no longer invited
 * gets a CANCEL for themselves alone (RFC 5546 §3.2.5): the meeting itself stays confirmed for the others.
 */
export function writeCalendar(facts: MailFacts, description: string): string {
  const { meeting, recipient, organizer } = facts
  const isOff = facts.kind === 'cancelled' || facts.kind === 'uninvited'
  const calendar = ical({
    prodId: { company: 'diemcau', product: 'portal' },
    method: isOff ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST,
  })
  const event = calendar.createEvent({
    id: `${meeting.id}@diemcau`,
    sequence: meeting.icsSequence,
    start: meeting.startsAt,
    end: meeting.endsAt,
    summary: meeting.title,
    description,
    location: facts.joinUrl,
    url: facts.joinUrl,
    organizer,
    status: isOff ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
  })
  event.createAttendee({
    name: recipient.name,
    email: recipient.email,
    role: ICalAttendeeRole.REQ,
    rsvp: !isOff,
  })
  return calendar.toString()
}
