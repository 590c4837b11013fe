import { headers } from 'next/headers'
import { getAuth } from './auth.ts'
import { copyCookies } from './sign-in.ts'

/** For a server action: ends this session and takes the cookie away. */
export async function signOut(): Promise<void> {
  const answer = await getAuth().api.signOut({ headers: await headers(), returnHeaders: true })
  await copyCookies(answer.headers.getSetCookie())
}
