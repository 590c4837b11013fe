/** Fewest characters of a password; the portal itself refuses shorter ones (`password_too_short`). */
export const MIN_PASSWORD = 10
