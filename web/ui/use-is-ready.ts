'use client'
import { useSyncExternalStore } from 'react'

const never = () => () => {}

/**
 * False in the page as the server sent it, true once its script runs. A form that keeps its values in React stays
 * disabled until then, so that nothing typed on a slow device is lost.
 */
export const useIsReady = (): boolean =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  )
