import { endLostRights } from '../floor/end-rights.ts'
import { applyMicrophones } from '../floor/microphone-rights.ts'
import { syncVoice } from '../floor/voter-voice.ts'
import { sendMail } from '../mail/send-mail.ts'
import { stopAtRecorder } from '../recordings/control-recording.ts'
import { recordAsPlanned } from '../recordings/record-as-planned.ts'
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
    case 'sync_voice':
      return await syncVoice(runtime, job.meetingId, job.identity)
    case 'judge_places':
      if (job.userId) return await endLostRights(runtime, { userId: job.userId })
      if (job.meetingId) return await endLostRights(runtime, { meetingId: job.meetingId })
      if (job.hallId) return await endLostRights(runtime, { hallId: job.hallId })
      return
    case 'record_as_planned':
      return await recordAsPlanned(runtime, job.meetingId)
    case 'stop_recording':
      return await stopAtRecorder(runtime, job.recordingId)
    case 'stop_egress':
      await runtime.media.stopRecording(job.egressId)
      return
    case 'close_room':
      // After their goodbye: an ended meeting tells nobody anything any more.
      runtime.broadcaster.closeMeeting(job.meetingId)
      return await runtime.media.deleteRoom(job.meetingId)
    case 'apply_microphones':
      return await applyMicrophones(runtime, job.meetingId)
    case 'delete_recording_file':
      return await deleteRecordingFile(runtime, job)
  }
}
