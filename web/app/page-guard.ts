import 'server-only'
import { AppError } from '@diemcau/core/errors.ts'
import { notFound } from 'next/navigation'

/**
 * What a page asks a use case for. `not_found` and `forbidden` both become the "no such page" page, so that an address
 * does not tell a stranger what exists; other faults reach the error page.
 */
export async function orNotFound<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof AppError && (error.code === 'not_found' || error.code === 'forbidden')) notFound()
    throw error
  }
}
