import { exportTalk } from '../../../../../../server/talk/export-talk.ts'
import { exportResponse } from '../../../../../export-response.ts'

export async function GET(
  request: Request,
  { params }: { params: Promise<{ code: string; format: string }> },
): Promise<Response> {
  return await exportResponse(request, params, exportTalk)
}
