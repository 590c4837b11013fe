import { sendMail } from '../outbox/send-mail.ts'
import { stopAtRecorder } from '../recordings/control-recording.ts'
import { deleteRecordingFile } from '../recordings/recording-file.ts'
import type { Runtime } from '../runtime.ts'
import type { JobPayload } from './job-queue.ts'

/** Every kind bears being run twice. */
export async function handleJob(runtime: Runtime, job: JobPayload): Promise<void> {
  switch (job.kind) {
    case 'send_mail':
      return await sendMail(runtime, job.mailId)
    case 'remove_participant':
      return await runtime.media.remove(job.meetingId, job.identity)
    case 'stop_recording':
      return await stopAtRecorder(runtime, job.recordingId)
    case 'stop_egress':
      await runtime.media.stopRecording(job.egressId)
      return
    case 'close_room':
      return await runtime.media.deleteRoom(job.meetingId)
    case 'delete_recording_file':
      return await deleteRecordingFile(runtime, job)
  }
}
