import { AppError } from '../errors.ts'

/**
 * The whole body of a request. What is beyond `limit` bytes is not read, so that nobody can fill the memory by sending without
 * end; one that says at its beginning that it is longer (`content-length`, as the header stands) is not read at all.
 * @throws AppError `too_large`; `canceled` when the sender hung up meanwhile.
 */
export async function readBody(
  body: AsyncIterable<Uint8Array> | null,
  limit: number,
  announced: string | null | undefined,
): Promise<Uint8Array> {
  const tooLarge = () => new AppError('too_large', `the body is over ${limit} bytes`)
  if (Number(announced ?? 0) > limit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body ?? []) {
      size += chunk.byteLength
      if (size > limit) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('canceled', 'the body was not sent to its end', { cause })
  }
  return Buffer.concat(chunks)
}
