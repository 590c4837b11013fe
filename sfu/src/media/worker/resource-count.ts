import type { Transport, Worker } from 'mediasoup/types'
import type { MediaResources } from '../../room/base/ports.ts'

type Kind = keyof MediaResources
interface Closable {
  observer: { once(event: 'close', listener: () => void): unknown }
}

/**
 * Counts what mediasoup has open in all workers, from its own observer events: whatever was made by whichever path is
 * counted, and something that nobody closes stays visible on `/metrics`. Holds numbers only, nothing to close.
 */
export class ResourceCount {
  readonly #open: MediaResources = {
    routers: 0,
    webRtcTransports: 0,
    pipeTransports: 0,
    directTransports: 0,
    plainTransports: 0,
    producers: 0,
    consumers: 0,
    dataProducers: 0,
    dataConsumers: 0,
    rtpObservers: 0,
  }

  /** Call once a worker, before it makes its first router. A worker that dies closes all it had, which is counted too. */
  watch(worker: Worker): void {
    worker.observer.on('newrouter', router => {
      this.#count('routers', router)
      router.observer.on('newrtpobserver', observer => this.#count('rtpObservers', observer))
      router.observer.on('newtransport', transport => this.#watchTransport(transport))
    })
  }

  read(): MediaResources {
    return { ...this.#open }
  }

  #watchTransport(transport: Transport): void {
    this.#count(KIND_OF_TRANSPORT[transport.type] ?? 'plainTransports', transport)
    transport.observer.on('newproducer', producer => this.#count('producers', producer))
    transport.observer.on('newconsumer', consumer => this.#count('consumers', consumer))
    transport.observer.on('newdataproducer', producer => this.#count('dataProducers', producer))
    transport.observer.on('newdataconsumer', consumer => this.#count('dataConsumers', consumer))
  }

  #count(kind: Kind, made: Closable): void {
    this.#open[kind] += 1
    made.observer.once('close', () => {
      this.#open[kind] -= 1
    })
  }
}

const KIND_OF_TRANSPORT: Record<string, Kind> = {
  webrtc: 'webRtcTransports',
  pipe: 'pipeTransports',
  direct: 'directTransports',
  plain: 'plainTransports',
}
