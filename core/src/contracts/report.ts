/** Attendance as shown and exported (computed in core/attendance from presence rows). */
export interface AttendanceInterval {
  from: string
  to: string | null
}
export interface AttendancePerson {
  identity: string
  name: string
  role: string
  hall: string
  unit: string
  firstIn: string | null
  lastOut: string | null
  /** True while connected. */
  present: boolean
  intervals: AttendanceInterval[]
  totalMs: number
  /** First in later than the start plus the grace (default 5 min). */
  late: boolean
}
export interface AttendanceEndpoint extends Omit<AttendancePerson, 'identity' | 'name' | 'role'> {
  endpointId: string
  order: number
  /** `absent` until anybody of the endpoint was in. */
  state: 'present' | 'left' | 'absent'
  people: AttendancePerson[]
}
export interface AttendanceReport {
  meetingId: string
  title: string
  startsAt: string
  endsAt: string
  generatedAt: string
  live: boolean
  endpoints: AttendanceEndpoint[]
  /** People without an endpoint (guests, moderators). */
  others: AttendancePerson[]
  totals: { planned: number; present: number; absent: number; late: number; people: number }
}
