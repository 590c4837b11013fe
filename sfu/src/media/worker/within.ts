import { AppError } from '@diemcau/core/errors.ts'

/**
 * `promise`, but not for longer than `timeoutMs`. What comes later is handed to `discard`, which closes it.
 * @throws AppError('unavailable') when the time is over.
 */
export function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  discard: (late: T) => void,
  who = 'a media worker',
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      reject(new AppError('unavailable', `${who} did not answer within ${timeoutMs} ms`))
    }, timeoutMs)
    promise.then(
      value => {
        clearTimeout(timer)
        if (isLate) discard(value)
        else resolve(value)
      },
      error => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
