/** The carrier of the Electron window: a MessagePort that the preload passes on, a new one for every new engine. */
import { PORT_MESSAGE, type PreloadApi } from '../../shared/carrier.ts'
import type { BatchAck, ExportedFile, Request } from '../../shared/commands.ts'
import type { Carrier, CarrierEvents } from './carrier.ts'

declare global {
  interface Window {
    /** Put there by the preload; not there in a browser. */
    readonly rexmit?: PreloadApi
  }
}

export class PortCarrier implements Carrier {
  readonly kind = 'electron'
  private readonly events: CarrierEvents
  private readonly api: PreloadApi
  private port: MessagePort | undefined

  constructor(events: CarrierEvents, api: PreloadApi) {
    this.events = events
    this.api = api
    window.addEventListener('message', this.onWindowMessage)
    api.onEngine((notice) => {
      if (notice.state === 'crashed') this.lose()
      events.message(notice)
    })
    events.state({ phase: 'connecting' })
  }

  post(message: Request | BatchAck): boolean {
    this.port?.postMessage(message)
    return this.port !== undefined
  }

  /** A page that is loaded anew is given a new port. */
  reopen(): void {
    location.reload()
  }

  save(files: readonly ExportedFile[]): Promise<number> {
    return this.api.saveFiles(files)
  }

  private readonly onWindowMessage = (event: MessageEvent): void => {
    // Only this very page may bring a port: the preload posts it from within the same window.
    if (event.source !== window || event.origin !== location.origin || event.data !== PORT_MESSAGE) return
    const port = event.ports[0]
    if (!port) return
    this.port?.close()
    this.port = port
    port.onmessage = ({ data }) => this.receive(data)
    this.events.state({ phase: 'open' })
  }

  /** The port of a dead engine takes messages and never answers; a new one comes with the next engine. */
  private lose(): void {
    this.port?.close()
    this.port = undefined
    this.events.state({ phase: 'connecting' })
  }

  private receive(data: unknown): void {
    if (isBatchMessage(data)) this.events.batch(data)
    else this.events.message(data)
  }
}

function isBatchMessage(data: unknown): data is { run: number; number: number; data: ArrayBuffer } {
  if (typeof data !== 'object' || data === null) return false
  const message = data as Record<string, unknown>
  return (
    message.type === 'batch' &&
    Number.isInteger(message.run) &&
    Number.isInteger(message.number) &&
    message.data instanceof ArrayBuffer
  )
}
