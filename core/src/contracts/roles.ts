/** The roles as schemas, for what comes over the wire or out of the database. */
import { z } from 'zod'
import { accountRoles, meetingRoles } from '../roles.ts'

export const accountRole = z.enum(accountRoles)
export const meetingRole = z.enum(meetingRoles)
