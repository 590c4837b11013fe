/**
 * What a meeting's room is, whoever makes it: the portal by CreateRoom, or the media server itself at the first join, from
 * the token of whoever comes first (livekit.RoomConfiguration). Times in seconds.
 */
export interface RoomSettings {
  emptyTimeout: number
  departureTimeout: number
  /** JSON, read by every client. */
  metadata: string
}

export const roomSettings = (meeting: { title: string; recorded: boolean }): RoomSettings => ({
  emptyTimeout: 300,
  departureTimeout: 60,
  metadata: JSON.stringify({ title: meeting.title, recorded: meeting.recorded }),
})
