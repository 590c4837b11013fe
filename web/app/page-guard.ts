import 'server-only'
import { codeOf } from '@diemcau/core/errors.ts'
import { notFound } from 'next/navigation'
import { noteRefusal } from './note-refusal.ts'

/**
 * What a page asks a use case for. `not_found` and `forbidden` both become the "no such page" page, so that an address
 * does not tell a stranger what exists; other faults reach the error page.
 */
export async function orNotFound<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    await noteRefusal(error)
    const code = codeOf(error)
    if (code === 'not_found' || code === 'forbidden') notFound()
    throw error
  }
}
