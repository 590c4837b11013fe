import {
  type ReconnectContext,
  type RoomConnectOptions,
  type RoomOptions,
  ScreenSharePresets,
  Track,
  type TrackPublishOptions,
  type VideoCaptureOptions,
  VideoPresets,
} from 'livekit-client'
import { RESUME_DELAYS_MS } from './rejoin-policy.ts'
import type { SavedSettings } from './saved-settings.ts'

/** Devices and thrift as chosen on the check page or in the room. */
export type DeviceChoice = Pick<SavedSettings, 'microphoneId' | 'cameraId' | 'speakerId' | 'savesData'>

export const audioCapture = (choice: DeviceChoice) => ({
  deviceId: choice.microphoneId || undefined,
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
})

export const videoCapture = (choice: DeviceChoice): VideoCaptureOptions => ({
  deviceId: choice.cameraId || undefined,
  resolution: choice.savesData ? VideoPresets.h360.resolution : VideoPresets.h720.resolution,
})

export const roomOptions = (choice: DeviceChoice): RoomOptions => ({
  // Pictures are asked for at the size at which they are drawn, and layers nobody draws are not sent at all.
  adaptiveStream: true,
  dynacast: true,
  // The server speaks the two-connection protocol; asking for the other first would cost two round trips a join.
  singlePeerConnection: false,
  disconnectOnPageLeave: true,
  audioCaptureDefaults: audioCapture(choice),
  videoCaptureDefaults: videoCapture(choice),
  ...(choice.speakerId ? { audioOutput: { deviceId: choice.speakerId } } : {}),
  publishDefaults: {
    videoCodec: 'vp8',
    simulcast: true,
    dtx: true,
    // The server forwards opus as it is and announces no redundancy codec.
    red: false,
    audioPreset: { maxBitrate: 32_000 },
    screenShareEncoding: ScreenSharePresets.h1080fps15.encoding,
  },
  reconnectPolicy: {
    nextRetryDelayInMs: ({ retryCount }: ReconnectContext) => {
      const delay = RESUME_DELAYS_MS[retryCount]
      return delay === undefined ? null : Math.round(delay * (0.8 + Math.random() * 0.4))
    },
  },
})

export const connectOptions: RoomConnectOptions = {
  autoSubscribe: false,
  maxRetries: 0,
  peerConnectionTimeout: 10_000,
  websocketTimeout: 6000,
}

export const screenPublish = (kind: string): TrackPublishOptions =>
  kind === 'video'
    ? {
        source: Track.Source.ScreenShare,
        name: 'screen',
        simulcast: true,
        degradationPreference: 'maintain-resolution',
      }
    : { source: Track.Source.ScreenShareAudio, name: 'screen-audio', dtx: false }
