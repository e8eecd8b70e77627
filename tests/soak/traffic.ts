/** Programs of others, which know nothing of the laboratory: they use the ports that they are told. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer, get } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import mqtt from 'mqtt'

export interface Ports {
  readonly tcp: number
  readonly http: number
  readonly web: number
  readonly broker: number
  readonly udp: number
}

/** What was done, and what went wrong: all of it should be answered whatever the link does. */
export interface Tally {
  echoes: number
  connections: number
  requests: number
  published: number
  delivered: number
  datagrams: number
  failures: Record<string, number>
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The servers behind the gateways: an echo over TCP and UDP, and HTTP. */
export async function openTargets(): Promise<{ tcp: number; http: number; udp: number }> {
  const tcp = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(
    0,
    '127.0.0.1',
  )
  const http = createHttpServer((request, response) => response.end(`${request.url} it was`)).listen(
    0,
    '127.0.0.1',
  )
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  udp.on('message', (bytes, { port, address }) => udp.send(bytes, port, address))
  await Promise.all([once(tcp, 'listening'), once(http, 'listening'), once(udp, 'listening')])
  const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port
  return { tcp: portOf(tcp), http: portOf(http), udp: portOf(udp) }
}

export class Traffic {
  readonly tally: Tally = {
    ...{ echoes: 0, connections: 0, requests: 0, published: 0, delivered: 0, datagrams: 0 },
    failures: {},
  }
  private readonly ports: Ports
  private going = true

  constructor(ports: Ports) {
    this.ports = ports
  }

  /** Begins; `connections` are open at once all the time. */
  start(connections: number): void {
    for (let i = 0; i < connections; i++) void this.forever('long', () => this.keepTalking(i))
    for (let i = 0; i < 4; i++) void this.forever('short', () => this.comeAndGo(i))
    void this.forever('http', () => this.request(this.ports.http, `/${Math.random()}`, 200))
    void this.forever('web', () =>
      this.request(this.ports.web, `/bytes/${Math.trunc(Math.random() * 20_000)}`, 500),
    )
    for (let i = 0; i < 5; i++) void this.forever('mqtt', () => this.subscribe(i))
    void this.forever('udp', () => this.sendDatagrams())
  }

  stop(): void {
    this.going = false
  }

  private async forever(what: string, work: () => Promise<void>): Promise<void> {
    while (this.going) {
      try {
        await work()
      } catch (error) {
        if (!this.going) return
        const kind = `${what}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`
        this.tally.failures[kind] = (this.tally.failures[kind] ?? 0) + 1
        await pause(1_000)
      }
    }
  }

  /** A connection that lasts: something new every few seconds, which has to come back as it was. */
  private async keepTalking(index: number): Promise<void> {
    await pause(index * 10)
    const socket = await this.connected()
    while (this.going) {
      await echoed(socket, Buffer.from(`${index} says ${Math.random()}`.padEnd(100, '.')))
      this.tally.echoes++
      await pause(4_000)
    }
    socket.destroy()
  }

  private async connected(): Promise<Socket> {
    const socket = connect(this.ports.tcp, '127.0.0.1')
    await once(socket, 'connect')
    // What it means is seen by whoever waits for bytes.
    socket.on('error', () => undefined)
    this.tally.connections++
    return socket
  }

  /** Connections that come and go: one in four with a reset. */
  private async comeAndGo(index: number): Promise<void> {
    const socket = await this.connected()
    await echoed(socket, Buffer.alloc(3_000, index))
    this.tally.echoes++
    if (index === 0) socket.resetAndDestroy()
    else {
      socket.end()
      socket.resume()
      await once(socket, 'close')
    }
    await pause(200)
  }

  private async request(port: number, path: string, wait: number): Promise<void> {
    const [response] = await once(get({ port, path, host: '127.0.0.1', agent: false }), 'response')
    response.resume()
    await once(response, 'end')
    this.tally.requests++
    await pause(wait)
  }

  /** A client that subscribes, publishes to itself for a while, and comes again under another name. */
  private async subscribe(index: number): Promise<void> {
    const clientId = `soak-${index}-${Math.random()}`
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${this.ports.broker}`, {
      clientId,
      reconnectPeriod: 0,
    })
    client.on('error', () => undefined)
    client.on('message', () => this.tally.delivered++)
    await client.subscribeAsync(`soak/${index}/+`, { qos: 1 })
    for (let i = 0; i < 100 && this.going; i++) {
      const qos = (i % 3) as 0 | 1 | 2
      await client.publishAsync(`soak/${index}/${i}`, `${Math.random()}`.repeat(4), { qos })
      this.tally.published++
      await pause(250)
    }
    await pause(1_000)
    await client.endAsync()
  }

  /** A program with a port of its own each time, which never hears that it was lost. */
  private async sendDatagrams(): Promise<void> {
    const socket: UdpSocket = createSocket('udp4')
    socket.on('message', () => this.tally.datagrams++)
    for (let i = 0; i < 5; i++) socket.send(`${Math.random()}`.repeat(5), this.ports.udp, '127.0.0.1')
    await pause(300)
    socket.close()
  }
}

/** Writes bytes and waits until as many have come back; rejects if they are others, or if the connection ends. */
function echoed(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    const finish = (error?: Error): void => {
      socket.off('data', take).off('error', finish).off('close', closed)
      if (error) reject(error)
      else resolve()
    }
    const closed = (): void => finish(new Error('closed'))
    const take = (part: Buffer): void => {
      parts.push(part)
      length += part.length
      if (length < bytes.length) return
      finish(Buffer.concat(parts).equals(bytes) ? undefined : new Error('other bytes came back'))
    }
    socket.on('data', take).on('error', finish).on('close', closed)
    socket.write(bytes)
  })
}
