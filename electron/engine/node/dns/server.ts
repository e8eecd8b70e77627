/** The program `dns-server`: answers for its zone over UDP and TCP (RFC 1035 4.2, RFC 7766). */
import type { DnsServerApp } from '../../../../shared/dns.ts'
import type { App } from '../../../../shared/experiment.ts'
import type { LabSocket } from '../../sockets.ts'
import { IdleClose } from '../http/idle-close.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import { framed, Unframer } from './framing.ts'
import { tellProblem } from './problem.ts'
import { replyTo } from './reply.ts'
import { Zone } from './zone.ts'

/** A connection that nothing is asked on for so long is closed (RFC 7766 6.2.3: some seconds). */
const IDLE = 10_000_000

export class DnsServer implements Program {
  /** It waits for clients; that nobody asks any more is for others to know. */
  readonly done = true
  private setup: DnsServerApp
  private zone: Zone
  private readonly lab: Surroundings
  private readonly timers = new Set<Cancel>()

  constructor(setup: DnsServerApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.zone = this.zoneOf(setup)
  }

  start(): void {
    const { lab } = this
    const { port } = this.setup
    const socket = lab.udp.bind(port, {
      onDatagram: (bytes, from) => {
        this.answer(bytes, 'udp', socket!.flowWith(from), (reply) => {
          if (reply !== undefined) socket!.send(from, reply)
        })
      },
    })
    lab.sockets.listen(port, (connection) => this.serve(connection), { allowHalfOpen: true })
  }

  configure(setup: App): void {
    if (setup.kind !== 'dns-server') return
    this.setup = setup
    this.zone = this.zoneOf(setup)
  }

  stop(): void {
    for (const cancel of this.timers) cancel()
  }

  private zoneOf({ records }: DnsServerApp): Zone {
    return new Zone(records, (host) => this.lab.addressOf(host))
  }

  /** Questions may come one behind the other, and are answered as they are ready (RFC 7766 6.2.1). */
  private serve(socket: LabSocket): void {
    const unframer = new Unframer()
    const { flow } = socket.connection
    const idle = new IdleClose(
      (span, action) => this.lab.after(span, action),
      IDLE,
      () => socket.end(),
    )
    let waiting = 0
    let isOver = false
    socket.on('error', () => undefined)
    socket.once('close', () => idle.cancel())
    socket.on('data', (bytes: Buffer) => {
      for (const message of unframer.take(bytes)) {
        waiting++
        idle.busy()
        this.answer(message, 'tcp', flow, (reply) => {
          waiting--
          if (reply !== undefined && socket.writable) socket.write(framed(reply))
          idle.free()
          if (isOver && waiting === 0) socket.end()
        })
      }
    })
    socket.once('end', () => {
      isOver = true
      if (waiting === 0) socket.end()
    })
  }

  /** `send` is called once, with the answer or without one. */
  private answer(
    bytes: Uint8Array,
    over: 'udp' | 'tcp',
    flow: string,
    send: (reply: Uint8Array | undefined) => void,
  ): void {
    const { zone, lab } = this
    const { udpSize, delay } = this.setup
    const { bytes: reply, fault } = replyTo(bytes, { zone, over, udpSize })
    if (fault !== undefined) tellProblem(lab.trace.scope({ flow }), 'client', fault, bytes)
    if (reply === undefined || delay === 0) return send(reply)
    const cancel = lab.after(delay, () => {
      this.timers.delete(cancel)
      send(reply)
    })
    this.timers.add(cancel)
  }
}
