import type { RemoteTrack } from 'livekit-client'

/**
 * Plays the sound of every participant through hidden audio elements, independent of which tiles are drawn.
 * While it is silenced nothing is attached, so that a page may start without sound and add it at one tap.
 */
export class AudioSink {
  readonly #tracks = new Set<RemoteTrack>()
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
    for (const track of this.#tracks) isOn ? this.#attach(track) : detach(track)
  }

  add(track: RemoteTrack): void {
    this.#tracks.add(track)
    if (this.#isOn) this.#attach(track)
  }

  remove(track: RemoteTrack): void {
    this.#tracks.delete(track)
    detach(track)
  }

  close(): void {
    for (const track of [...this.#tracks]) this.remove(track)
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
    this.#container.append(track.attach())
  }
}

function detach(track: RemoteTrack): void {
  for (const element of track.detach()) element.remove()
}
