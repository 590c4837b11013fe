/**
 * docs/security.md, "Who may do what", is drawn from the rules. After a change of the rules:
 * `vitest run --project unit core/src/access -u`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type FloorCommand, floorCommand } from '../contracts/floor.ts'
import { meetingStatus } from '../contracts/meeting.ts'
import { audienceOf, eventTypesFor, floorEventTypes } from '../floor/audience.ts'
import { refuseCommand } from '../floor/command-rules.ts'
import { accountRoles, type MeetingRole, mayAdminister, maySchedule, meetingRoles } from '../roles.ts'
import { may, meetingActions } from './may.ts'

const path = join(import.meta.dirname, '../../../docs/security.md')

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
const mark = (isAllowed: boolean): string => (isAllowed ? 'yes' : '–')

/** By account, in a meeting it was not invited to; then by what somebody is in the meeting, whatever their account. */
function actionTable(): string {
  const standings = [
    ...accountRoles.map(account => ({ head: account, account, inMeeting: null })),
    ...meetingRoles.map(inMeeting => ({
      head: `*${inMeeting}*`,
      account: 'official' as const,
      inMeeting: inMeeting as MeetingRole,
    })),
  ]
  return table(
    ['', ...standings.map(s => s.head)],
    meetingActions.map(action => [
      `\`${action}\``,
      ...standings.map(s => {
        const when = meetingStatus.options.filter(status => may(s, action, { status }))
        if (when.length === 0) return '–'
        return when.length === meetingStatus.options.length ? 'yes' : when.join(', ')
      }),
    ]),
  )
}

const office = (): string =>
  table(
    ['', ...accountRoles],
    [
      ['schedule meetings, see every meeting’s people', ...accountRoles.map(r => mark(maySchedule(r)))],
      ['manage accounts, units and halls', ...accountRoles.map(r => mark(mayAdminister(r)))],
    ],
  )

const commandTypes = floorCommand.options.map(option => option.shape.type.value)
function commandTable(): string {
  const verdict = (type: FloorCommand['type'], role: MeetingRole, isOpen: boolean) =>
    refuseCommand({ type } as FloorCommand, { identity: 'user:1', role }, {
      status: 'live',
      recorded: true,
      options: { chat: isOpen, viewersMayRaiseHand: isOpen, viewersMayAsk: isOpen },
    } as Parameters<typeof refuseCommand>[2]) === null
  return table(
    ['', ...meetingRoles],
    commandTypes.map(type => [
      `\`${type}\``,
      ...meetingRoles.map(role => {
        if (verdict(type, role, false)) return 'yes'
        return verdict(type, role, true) ? 'if allowed' : '–'
      }),
    ]),
  )
}

function eventTable(): string {
  return table(
    ['', ...meetingRoles, 'whom it concerns'],
    floorEventTypes.map(type => {
      const event = {
        type,
        identity: 'x',
        hand: { identity: 'x' },
        turn: { identity: 'x' },
        question: { identity: 'x' },
        message: { identity: 'x' },
      } as never
      return [
        `\`${type}\``,
        ...meetingRoles.map(role => mark(eventTypesFor(role).includes(type))),
        mark(audienceOf(event).identity !== null),
      ]
    }),
  )
}

const parts = { office, actions: actionTable, commands: commandTable, events: eventTable }
const block = (name: string, text: string) => `<!-- table:${name} -->\n\n${text}\n\n<!-- /table:${name} -->`

describe('docs/security.md', () => {
  it('says what the rules say', async () => {
    let wanted = readFileSync(path, 'utf8')
    for (const [name, draw] of Object.entries(parts)) {
      const found = new RegExp(`<!-- table:${name} -->[^]*?<!-- /table:${name} -->`).exec(wanted)
      expect(found, `no table:${name} in the document`).not.toBeNull()
      wanted = wanted.replace(found![0], () => block(name, draw()))
    }
    await expect(wanted).toMatchFileSnapshot(path)
  })
})
