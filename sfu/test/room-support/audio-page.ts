/// <reference lib="dom" />
/** Runs in the browser beside page.ts: sound on the left only, and what of it arrives. `window.audioLab`. */
import { LocalAudioTrack, Track } from 'livekit-client'

export interface HeardChannels {
  /** Loudest sample of each channel, 0 to 1. */
  left: number
  right: number
  channels: number
}

export class AudioLab {
  /** A tone on the left channel of a stereo track. */
  async publishLeft(options: { stereo: boolean; maxBitrate?: number }): Promise<string> {
    const context = new AudioContext()
    const tone = new OscillatorNode(context, { frequency: 440 })
    const sides = new ChannelMergerNode(context, { numberOfInputs: 2 })
    const output = new MediaStreamAudioDestinationNode(context, { channelCount: 2 })
    tone.connect(sides, 0, 0)
    sides.connect(output)
    tone.start()
    const track = output.stream.getAudioTracks()[0] as MediaStreamTrack
    const publication = await window.roomClient.room!.localParticipant.publishTrack(
      new LocalAudioTrack(track, undefined, true),
      {
        source: Track.Source.Microphone,
        forceStereo: options.stereo,
        ...(options.maxBitrate ? { audioPreset: { maxBitrate: options.maxBitrate } } : {}),
      },
    )
    return publication.trackSid
  }

  /** The next second of the remote sound. */
  async hear(): Promise<HeardChannels> {
    const track = this.#remote().mediaStreamTrack
    const { MediaStreamTrackProcessor } = window as unknown as {
      MediaStreamTrackProcessor: new (init: {
        track: MediaStreamTrack
      }) => {
        readable: ReadableStream<AudioData>
      }
    }
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader()
    const heard = { left: 0, right: 0, channels: 0 }
    for (let seconds = 0; seconds < 1; ) {
      const { done, value } = await reader.read()
      if (done) break
      seconds += value.numberOfFrames / value.sampleRate
      heard.channels = value.numberOfChannels
      for (const [plane, side] of (['left', 'right'] as const).slice(0, value.numberOfChannels).entries()) {
        const samples = new Float32Array(value.numberOfFrames)
        value.copyTo(samples, { planeIndex: plane, format: 'f32-planar' })
        for (const sample of samples) heard[side] = Math.max(heard[side], Math.abs(sample))
      }
      value.close()
    }
    await reader.cancel()
    return heard
  }

  /** Of the remote sound, as getStats tells. */
  async received(): Promise<{
    fecPackets: number
    packets: number
    lost: number
    fmtp: string
    concealed: number
    samples: number
  }> {
    const values = [...((await this.#remote().getRTCStatsReport()) ?? new Map()).values()]
    const inbound = values.find(stat => stat.type === 'inbound-rtp') ?? {}
    return {
      fecPackets: inbound.fecPacketsReceived ?? 0,
      packets: inbound.packetsReceived ?? 0,
      lost: inbound.packetsLost ?? 0,
      fmtp: values.find(stat => stat.id === inbound.codecId)?.sdpFmtpLine ?? '',
      concealed: inbound.concealedSamples ?? 0,
      samples: inbound.totalSamplesReceived ?? 0,
    }
  }

  #remote() {
    for (const p of window.roomClient.room!.remoteParticipants.values())
      for (const { track } of p.audioTrackPublications.values()) if (track) return track
    throw new Error('no sound is subscribed')
  }
}

declare global {
  interface Window {
    audioLab: AudioLab
  }
}
window.audioLab = new AudioLab()
