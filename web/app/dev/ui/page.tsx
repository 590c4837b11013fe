import { notFound } from 'next/navigation'
import { Showcase } from './showcase.tsx'

/** Every part of the design system in all its states, for people who build pages. Not there in production. */
export default function DevUiPage() {
  // biome-ignore lint/style/noProcessEnv: NODE_ENV is compiled in by Next, not configuration.
  if (process.env.NODE_ENV === 'production') notFound()
  return <Showcase />
}
