'use client'
import { createContext } from 'react'

/** Takes the end of the meeting with this code back; resolves to the text of what went wrong. */
export type Reopen = (code: string) => Promise<string | undefined>

/** The page's action, for whatever stands in the place of a meeting that is over. */
export const ReopenContext = createContext<Reopen>(async () => undefined)
