'use client'
import { useSyncExternalStore } from 'react'
import type { Store } from './store.ts'

/** Reads a store and draws again when it changes. */
export const useStore = <T>(store: Store<T>): T => useSyncExternalStore(store.subscribe, store.get, store.get)
