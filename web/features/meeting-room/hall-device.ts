import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { loadJoin } from '../../live/saved-settings.ts'

/** Whether this device joins for a hall: its account's, or the one chosen on the check page. */
export const isHallDevice = (meeting: PublicMeeting): boolean =>
  (meeting.user?.endpointId ?? loadJoin(meeting.code).endpointId) !== ''
