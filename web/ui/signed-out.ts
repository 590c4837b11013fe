/** What a server action answers in place of a text when the session has ended meanwhile; see sign-in-again.tsx. */
export const SIGNED_OUT = 'signed-out'
