'use client'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react'
import type { ActionResult } from './action-result.ts'
import { SIGNED_OUT } from './signed-out.ts'

type Answer = ActionResult | { ok: boolean; message?: string } | string | undefined
/** Resolves to true once somebody has signed in, to false when they gave up. */
type AskToSignIn = () => Promise<boolean>

const SignInAgainContext = createContext<AskToSignIn | null>(null)

const hasEnded = (answer: Answer): boolean =>
  answer === SIGNED_OUT ||
  (typeof answer === 'object' && !answer.ok && 'message' in answer && answer.message === SIGNED_OUT)

/**
 * Runs a server action for a form. When the session has ended meanwhile, the reader signs in beside the form and the same
 * action is sent again: nothing that was typed is lost. Every form of the portal sends through this.
 */
export function useSignInAgain(): <T extends Answer>(act: () => Promise<T>) => Promise<T> {
  const ask = useContext(SignInAgainContext)
  return useCallback(
    async act => {
      let answer = await act()
      while (ask && hasEnded(answer) && (await ask())) answer = await act()
      return answer
    },
    [ask],
  )
}

/** Stands in the frame of the portal; `render` draws the way to sign in while one is asked for. */
export function SignInAgainProvider({
  render,
  children,
}: {
  render: (settle: (isSignedIn: boolean) => void) => ReactNode
  children: ReactNode
}) {
  const [isAsking, setAsking] = useState(false)
  const waiting = useRef<((isSignedIn: boolean) => void)[]>([])
  const ask = useCallback<AskToSignIn>(
    () =>
      new Promise(resolve => {
        waiting.current.push(resolve)
        setAsking(true)
      }),
    [],
  )
  const settle = (isSignedIn: boolean) => {
    setAsking(false)
    for (const resolve of waiting.current.splice(0)) resolve(isSignedIn)
  }
  return (
    <SignInAgainContext value={useMemo(() => ask, [ask])}>
      {children}
      {isAsking && render(settle)}
    </SignInAgainContext>
  )
}
