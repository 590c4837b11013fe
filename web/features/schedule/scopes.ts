/** Ways to narrow the list of meetings, as they stand in its address; the first is the usual one. */
export const meetingScopes = ['upcoming', 'today', 'past', 'all'] as const
export type MeetingScope = (typeof meetingScopes)[number]
