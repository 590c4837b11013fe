import type { RemoteTrack } from 'livekit-client'

/**
 * Plays the sound of every participant through hidden audio elements, independent of which tiles are drawn.
 * While it is silenced nothing is attached, so that a page may start without sound and add it at one tap.
 */
export class AudioSink {
  /** With the element that plays it, while sound is on. */
  readonly #tracks = new Map<RemoteTrack, HTMLAudioElement | undefined>()
  #container: HTMLElement | null = null
  #isOn: boolean

  constructor(isOn: boolean) {
    this.#isOn = isOn
  }

  get isOn(): boolean {
    return this.#isOn
  }

  setOn(isOn: boolean): void {
    if (isOn === this.#isOn) return
    this.#isOn = isOn
    for (const track of this.#tracks.keys()) isOn ? this.#attach(track) : this.#detach(track)
  }

  /** Plays these and no others. */
  sync(tracks: ReadonlySet<RemoteTrack>): void {
    for (const track of [...this.#tracks.keys()]) if (!tracks.has(track)) this.remove(track)
    for (const track of tracks) this.add(track)
  }

  add(track: RemoteTrack): void {
    if (this.#tracks.has(track)) return
    this.#tracks.set(track, undefined)
    if (this.#isOn) this.#attach(track)
  }

  remove(track: RemoteTrack): void {
    this.#detach(track)
    this.#tracks.delete(track)
  }

  close(): void {
    for (const track of [...this.#tracks.keys()]) this.remove(track)
    this.#container?.remove()
    this.#container = null
  }

  #attach(track: RemoteTrack): void {
    if (!this.#container) {
      this.#container = document.createElement('div')
      this.#container.hidden = true
      this.#container.dataset.testid = 'remote-audio'
      document.body.append(this.#container)
    }
    const element = document.createElement('audio')
    track.attach(element)
    this.#container.append(element)
    this.#tracks.set(track, element)
  }

  /** livekit-client detaches a track that ended before it tells so; the element is ours to take away in any case. */
  #detach(track: RemoteTrack): void {
    track.detach()
    this.#tracks.get(track)?.remove()
    this.#tracks.set(track, undefined)
  }
}
