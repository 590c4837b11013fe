'use client'
import { useEffect, useState } from 'react'

export interface DeviceLists {
  microphones: MediaDeviceInfo[]
  cameras: MediaDeviceInfo[]
  speakers: MediaDeviceInfo[]
}
const none: DeviceLists = { microphones: [], cameras: [], speakers: [] }

/** The devices of this machine, kept up to date. `stamp` changes when permission was given, for only then have they names. */
export function useDevices(stamp: unknown): DeviceLists {
  const [lists, setLists] = useState(none)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp only triggers reading the list again.
  useEffect(() => {
    const devices = navigator.mediaDevices
    if (!devices) return
    let isCurrent = true
    const read = async () => {
      const all = await devices.enumerateDevices().catch(() => [])
      const named = all.filter(device => device.deviceId !== '')
      const of = (kind: MediaDeviceKind) => named.filter(device => device.kind === kind)
      if (isCurrent)
        setLists({ microphones: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') })
    }
    void read()
    devices.addEventListener('devicechange', read)
    return () => {
      isCurrent = false
      devices.removeEventListener('devicechange', read)
    }
  }, [stamp])
  return lists
}
