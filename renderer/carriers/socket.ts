/** The carrier of the browser window: a WebSocket on the page's own origin, guarded by the token of its URL. */
import { BYTES_KEY, FRAME_HEADER_BYTES, SOCKET_PATH } from '../../shared/carrier.ts'
import type { BatchAck, ExportedFile, Request } from '../../shared/commands.ts'
import type { BatchFrame, Carrier, CarrierEvents } from './carrier.ts'

const TOKEN_KEY = 'rexmit.token'

/** Milliseconds before the first attempt to open again, and the longest between two. */
const FIRST_RETRY = 250
const LONGEST_RETRY = 8_000
/** A socket that was never opened is given up after so many attempts: the token is wrong or the server has ended. */
const ATTEMPTS_UNOPENED = 5

/**
 * Takes the token out of the address bar, where it could be read over a shoulder or be copied, and keeps it for
 * reloads of this tab. Null: there is none.
 */
export function takeToken(): string | null {
  const url = new URL(location.href)
  const given = url.searchParams.get('token')
  if (given === null) return sessionStorage.getItem(TOKEN_KEY)
  sessionStorage.setItem(TOKEN_KEY, given)
  url.searchParams.delete('token')
  history.replaceState(null, '', url)
  return given
}

/** Binary frame -> batch; undefined when it is too short to have a header. */
export function decodeBatchFrame(frame: ArrayBuffer): BatchFrame | undefined {
  if (frame.byteLength < FRAME_HEADER_BYTES) return undefined
  const header = new DataView(frame)
  // A copy, because the columns of a batch must lie at multiples of 8 in their buffer.
  return {
    run: header.getUint32(0, true),
    number: header.getUint32(4, true),
    data: frame.slice(FRAME_HEADER_BYTES),
  }
}

/** JSON with bytes in base64 -> message; undefined when it is neither. */
export function decodeTextFrame(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown) => (isBytes(value) ? fromBase64(value[BYTES_KEY]) : value))
  } catch {
    return undefined
  }
}

function isBytes(value: unknown): value is Record<typeof BYTES_KEY, string> {
  if (typeof value !== 'object' || value === null || !(BYTES_KEY in value)) return false
  return Object.keys(value).length === 1 && typeof value[BYTES_KEY] === 'string'
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

export class SocketCarrier implements Carrier {
  readonly kind = 'browser'
  private readonly events: CarrierEvents
  private readonly token: string | null
  private socket: WebSocket | undefined
  private retry: ReturnType<typeof setTimeout> | undefined
  private attempts = 0
  private everOpen = false

  constructor(events: CarrierEvents, token: string | null) {
    this.events = events
    this.token = token
    this.open()
  }

  post(message: Request | BatchAck): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  reopen(): void {
    this.close()
    this.attempts = 0
    this.open()
  }

  /** Ends it; nothing is tried again. */
  close(): void {
    clearTimeout(this.retry)
    const socket = this.socket
    this.socket = undefined
    socket?.close()
  }

  save(files: readonly ExportedFile[]): Promise<number> {
    for (const file of files) download(file)
    return Promise.resolve(files.length)
  }

  private open(): void {
    if (this.token === null) return this.events.state({ phase: 'refused', detail: 'no_token' })
    if (!this.everOpen) this.events.state({ phase: 'connecting' })
    const url = new URL(SOCKET_PATH, location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    url.search = new URLSearchParams({ token: this.token }).toString()
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    socket.onopen = () => {
      this.attempts = 0
      this.everOpen = true
      this.events.state({ phase: 'open' })
    }
    socket.onmessage = ({ data }) => this.receive(data)
    socket.onclose = () => {
      if (this.socket === socket) this.lose()
    }
  }

  private receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const frame = decodeBatchFrame(data)
      if (frame) this.events.batch(frame)
    } else if (typeof data === 'string') {
      this.events.message(decodeTextFrame(data))
    }
  }

  private lose(): void {
    this.socket = undefined
    this.attempts++
    if (!this.everOpen && this.attempts >= ATTEMPTS_UNOPENED)
      return this.events.state({ phase: 'refused', detail: 'no_answer' })
    // The random part keeps several windows from knocking at the same moment.
    const span = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (this.attempts - 1)) * (0.75 + Math.random() / 2)
    this.events.state({ phase: 'lost', attempt: this.attempts, retryAt: performance.now() + span })
    this.retry = setTimeout(() => this.open(), span)
  }
}

/** A URL of a blob must outlive the click; nobody tells when the browser has read it. */
const BLOB_LIFETIME = 60_000

function download(file: ExportedFile): void {
  const blob = new Blob([file.bytes as Uint8Array<ArrayBuffer>], { type: file.mime })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = file.name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), BLOB_LIFETIME)
}
