import { AppError } from '@diemcau/core/errors.ts'

/** LiveKit's services that are not part of this server, and what to say of each. docs/signalling.md has their methods. */
export const ABSENT_SERVICES: Readonly<Record<string, string>> = {
  'livekit.Ingress': 'ingress (RTMP, WHIP, URL input) is not part of this server',
  'livekit.SIP': 'SIP (telephone) is not part of this server',
  'livekit.AgentDispatchService': 'agents are not part of this server',
  'livekit.Connector': 'connectors (WhatsApp, Twilio) are not part of this server',
}

/** @throws AppError('unimplemented') always, with the service's reason. */
export function refuseService(service: string, method: string): never {
  const reason = ABSENT_SERVICES[service] ?? `${service} is not part of this server`
  throw new AppError('unimplemented', `${method} is not implemented: ${reason}`)
}
