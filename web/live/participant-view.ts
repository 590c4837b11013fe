import type { MeetingRole } from '@diemcau/core/roles.ts'

/** `none`: nothing is published from that device; `off`: published and muted. */
export type DeviceState = 'on' | 'off' | 'none'
/** Link quality in the three steps people can act on. */
export type LinkQuality = 'good' | 'weak' | 'lost'

/** What the room shows of one participant; plain data, so that tiles re-render only when something they show changes. */
export interface ParticipantView {
  identity: string
  /** Of this connection (`PA_…`); changes when the participant comes back. */
  participantId: string
  /** `hall – unit`, or the name where neither is known. */
  name: string
  /** The same for where there is little room: of a hall the place first. */
  shortName: string
  role: MeetingRole
  /** Id of the endpoint (điểm cầu) this device speaks for; empty for people without one. */
  endpointId: string
  /** Order by protocol; smaller stands first. */
  order: number
  isLocal: boolean
  /** Counts as a hall or person that is present; a camera or a second device is shown and does not count. */
  attends: boolean
  microphone: DeviceState
  camera: DeviceState
  /** Publication (`TR_…`) of the camera. */
  cameraTrackId: string | null
  /** 0: no picture can be drawn now; else a number that changes with every new track to draw. */
  cameraPicture: number
  screenTrackId: string | null
  screenPicture: number
  /** The server has paused this picture because the link here cannot carry it; sound goes on. */
  isCameraPaused: boolean
  isScreenPaused: boolean
  isSpeaking: boolean
  quality: LinkQuality
}

const collator = new Intl.Collator('vi')

/** By protocol, then by name, then by identity, so that the order is total and the same in every browser. */
export const compareByProtocol = (a: ParticipantView, b: ParticipantView): number =>
  a.order - b.order || collator.compare(a.name, b.name) || (a.identity < b.identity ? -1 : 1)

/** Attributes carry the order as text; what is not a number stands last. */
export const parseOrder = (text: string | undefined): number => {
  const order = Number.parseFloat(text ?? '')
  return Number.isFinite(order) ? order : Number.MAX_SAFE_INTEGER
}

const isSame = (a: ParticipantView, b: ParticipantView): boolean =>
  (Object.keys(a) as (keyof ParticipantView)[]).every(key => a[key] === b[key])

/** Keeps the former object of everyone who did not change (and the former list when nobody did). */
export function reuseViews(former: readonly ParticipantView[], next: ParticipantView[]): ParticipantView[] {
  const known = new Map(former.map(view => [view.identity, view]))
  const reused = next.map(view => {
    const before = known.get(view.identity)
    return before && isSame(before, view) ? before : view
  })
  const isUnchanged = reused.length === former.length && reused.every((view, index) => view === former[index])
  return isUnchanged ? (former as ParticipantView[]) : reused
}
