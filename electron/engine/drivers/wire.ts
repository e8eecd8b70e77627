/** A UDP socket on 127.0.0.1 that carries one IPv4 packet a datagram (see WIRE.md). */
import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

export const LOOPBACK = '127.0.0.1'
/** The longest packet that a UDP datagram can carry. */
export const WIRE_MTU = 65_507

/** What we would like as receive buffer, and what we make do with. The system has the last word. */
const BUFFER_SIZES = [4_194_304, 1_048_576, 262_144]

/** Loopback needs no resolver, and without one a datagram is sent within the call. */
const lookup = (
  _host: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void => done(null, LOOPBACK, 4)

export type OnPacket = (bytes: Buffer, port: number, address: string) => void

export class WireSocket {
  private readonly socket: Socket
  /** Bytes that the system really gives for datagrams not yet read. */
  readonly receiveBuffer: number
  readonly port: number
  /** Errors of the socket that no call of ours gets back. */
  onError: (error: Error) => void = () => undefined

  private constructor(socket: Socket, receiveBuffer: number) {
    this.socket = socket
    this.receiveBuffer = receiveBuffer
    this.port = (socket.address() as AddressInfo).port
  }

  /** Binds to `port` (0: any free one). Rejects when it is taken (`EADDRINUSE`). */
  static async open(port: number, onPacket: OnPacket): Promise<WireSocket> {
    const socket = createSocket({ type: 'udp4', lookup: lookup as never })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ port, address: LOOPBACK, exclusive: true }, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    const wire = new WireSocket(socket, growReceiveBuffer(socket))
    // Windows tells of an unreachable peer as an error of the next read; the peer may yet come.
    socket.on('error', (error) => wire.onError(error))
    socket.on('message', (bytes, from) => onPacket(bytes, from.port, from.address))
    return wire
  }

  /** A datagram that the system does not take is lost, and found missing like any other. */
  send(bytes: Uint8Array, port: number): void {
    // Without a callback, which would cost a turn of the event loop for each packet.
    this.socket.send(bytes, port, LOOPBACK)
  }

  close(): void {
    this.socket.close()
  }

  /** Keeps the process alive no longer. */
  unref(): void {
    this.socket.unref()
  }
}

function growReceiveBuffer(socket: Socket): number {
  for (const size of BUFFER_SIZES) {
    try {
      socket.setRecvBufferSize(size)
      break
    } catch {
      // macOS refuses what Linux cuts down: try less.
    }
  }
  return socket.getRecvBufferSize()
}
