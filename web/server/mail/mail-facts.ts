/** What a mail about a meeting is written from. */

/** `cancelled`: the meeting is off. `uninvited`: it takes place, without this recipient. */
export type MailKind = 'invited' | 'changed' | 'cancelled' | 'uninvited'

type ChangedField = 'title' | 'time' | 'chair' | 'agenda' | 'recording'
/** One thing that is different now, as it was and as it is, in the recipient's language. */
export interface MailChange {
  field: ChangedField
  before: string
  after: string
}

export interface MailFacts {
  kind: MailKind
  locale: string
  timeZone: string
  recipient: {
    name: string
    email: string
    /** Signs in; needs no code. */
    hasAccount: boolean
    /** Six digits, for guests of a meeting that allows them. */
    passcode: string | null
    /** Where the recipient sits, with the hall's own code for somebody without an account. */
    halls: { name: string; code: string | null }[]
  }
  organizer: { name: string; email: string }
  joinUrl: string
  /** Picture (data URL) of the code that leads to joinUrl. */
  joinQr: string | null
  watchUrl: string | null
  supportPhone: string | null
  doorsOpenAt: Date
  changes: MailChange[]
  meeting: {
    id: string
    title: string
    chairName: string
    startsAt: Date
    endsAt: Date
    agenda: string
    recorded: boolean
    icsSequence: number
    cancelledReason: string | null
  }
}
