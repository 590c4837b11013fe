/** What every Chromium of a test is started with: no sandbox (tests run as root, too), no traffic of its own, sound without a click. */
export const CHROMIUM_SWITCHES = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
]

/** A camera and a microphone that are always there and allowed. */
export const FAKE_MEDIA_SWITCHES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']
