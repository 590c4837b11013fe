'use client'
import { createContext, useContext } from 'react'

/** Whom this person keeps large for themselves; nobody else is affected. */
export interface PinValue {
  pinned: string | null
  setPinned: (identity: string | null) => void
}
const PinContext = createContext<PinValue>({ pinned: null, setPinned: () => {} })

export const PinProvider = PinContext
export const usePin = (): PinValue => useContext(PinContext)
