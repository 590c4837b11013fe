import type { MeetingSession } from './meeting-session.ts'

declare global {
  interface Window {
    /**
     * For browser tests and for support on the telephone: `room` is the livekit-client `Room` of this page, `session`
     * the stay it belongs to. It gives nothing that the page's own scripts could not do anyway.
     */
    __diemcau?: { room: MeetingSession['media']['room']; session: MeetingSession }
  }
}

/** Returns the function that takes it away again. */
export function exposeForTests(session: MeetingSession): () => void {
  const exposed = { room: session.media.room, session }
  window.__diemcau = exposed
  return () => {
    if (window.__diemcau === exposed) delete window.__diemcau
  }
}
