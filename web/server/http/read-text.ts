import { readBody } from '@diemcau/core/http/read-body.ts'

/** The body of a route's request as text. @throws AppError `too_large` over `limit` bytes, `canceled` when the sender hung up. */
export async function readText(request: Request, limit: number): Promise<string> {
  return new TextDecoder().decode(await readBody(request.body, limit, request.headers.get('content-length')))
}
