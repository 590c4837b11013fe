import { RecordingPage } from '../../../../features/recordings/recording-page.tsx'
import { requireActor } from '../../../../server/accounts/get-actor.ts'
import { getRecording } from '../../../../server/recordings/get-recording.ts'
import { orNotFound } from '../../../page-guard.ts'
import type { RouteProps } from '../../../page-props.ts'
import { removeRecording } from '../actions.ts'

export async function generateMetadata({ params }: RouteProps<'id'>) {
  const { id } = await params
  const recording = await orNotFound(getRecording(await requireActor(`/recordings/${id}`), id))
  return { title: recording.title }
}

export default async function OneRecordingPage({ params }: RouteProps<'id'>) {
  const { id } = await params
  const recording = await orNotFound(getRecording(await requireActor(`/recordings/${id}`), id))
  return <RecordingPage recording={recording} remove={removeRecording.bind(null, recording.id)} />
}
