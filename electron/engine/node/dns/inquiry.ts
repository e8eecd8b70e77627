/**
 * Asks a server one question until there is an answer (RFC 1035 7): again after a while, each time after twice as long, and by TCP
 * when the answer was too long for UDP. Each attempt has an id and a port of its own, which nobody can guess (RFC 5452 9.2).
 */
import { RECURSION_DESIRED } from 'dns-packet'
import type { DNS_TYPES, ResolverSettings } from '../../../../shared/dns.ts'
import type { Endpoint } from '../../../protocol/wire/address.ts'
import type { LabSocket } from '../../sockets.ts'
import type { LabUdpSocket } from '../../udp-sockets.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { framed, Unframer } from './framing.ts'
import { isFault, optRecord, readMessage, writeMessage, type Fault, type Message } from './message.ts'
import { tellProblem } from './problem.ts'
import { rcodeOf, readAnswer, whyNoAnswer, type Answered } from './reading.ts'

export interface DnsQuestion {
  readonly name: string
  readonly type: (typeof DNS_TYPES)[number]
}

export interface InquiryUser {
  onQuery(attempt: number, over: 'udp' | 'tcp', id: number): void
  /** Once. undefined: nobody has answered in time. */
  onDone(answered: Answered | undefined): void
}

export interface InquiryOptions {
  readonly lab: Surroundings
  readonly settings: ResolverSettings
  readonly server: Endpoint
  readonly question: DnsQuestion
}

export class Inquiry {
  private readonly options: InquiryOptions
  private readonly user: InquiryUser
  private readonly sockets: LabUdpSocket[] = []
  private connection: LabSocket | undefined
  private timer: Cancel | undefined
  private attempt = 0
  /** Bytes of UDP that it is ready for; 0 once a server has shown that it does not know EDNS. */
  private udpSize: number
  private needsTcp = false
  private isOver = false

  constructor(options: InquiryOptions, user: InquiryUser) {
    this.options = options
    this.user = user
    this.udpSize = options.settings.udpSize
  }

  start(): void {
    this.next()
  }

  /** Lets go of everything, without a word. */
  stop(): void {
    this.isOver = true
    this.timer?.()
    this.close()
  }

  private next(): void {
    const { lab, settings } = this.options
    if (this.attempt === settings.tries) return this.finish(undefined)
    this.attempt++
    this.timer?.()
    this.timer = lab.after(settings.timeout * 2 ** (this.attempt - 1), () => this.next())
    if (this.needsTcp) this.askByTcp()
    else this.askByUdp()
  }

  private askByUdp(): void {
    const { lab, server } = this.options
    const id = this.newId()
    const socket = lab.udp.bind(0, {
      onDatagram: (bytes, from) => {
        const trace = lab.trace.scope({ flow: socket!.flowWith(from) })
        if (from.address !== server.address || from.port !== server.port)
          return tellProblem(trace, 'server', FROM_ELSEWHERE, bytes)
        const message = this.accept(bytes, id, (fault) => tellProblem(trace, 'server', fault, bytes))
        if (message !== undefined) this.take(message)
      },
    })
    // Without a port left, the next attempt may find one.
    if (socket === undefined) return
    this.sockets.push(socket)
    this.user.onQuery(this.attempt, 'udp', id)
    socket.send(server, this.query(id))
  }

  /** RFC 7766 5: after a truncated answer the same is asked by TCP. */
  private askByTcp(): void {
    const { lab, server } = this.options
    const id = this.newId()
    this.connection?.destroy()
    const socket = (this.connection = lab.sockets.connect(server))
    const trace = lab.trace.scope({ flow: socket.connection.flow })
    const unframer = new Unframer()
    // The timer sees to it that it is tried again.
    socket.on('error', () => undefined)
    socket.once('connect', () => {
      this.user.onQuery(this.attempt, 'tcp', id)
      socket.write(framed(this.query(id)))
    })
    socket.on('data', (bytes: Buffer) => {
      for (const piece of unframer.take(bytes)) {
        const message = this.accept(piece, id, (fault) => tellProblem(trace, 'server', fault, piece))
        if (message !== undefined) this.finish(readAnswer(message, this.options.question))
      }
    })
  }

  /** The message if it answers the question; what does not is told and otherwise ignored. */
  private accept(bytes: Uint8Array, id: number, tell: (fault: Fault) => void): Message | undefined {
    const message = readMessage(bytes)
    const fault = isFault(message) ? message : whyNoAnswer(message, id, this.options.question)
    if (fault !== undefined || isFault(message)) {
      tell(fault!)
      return undefined
    }
    if (!this.isOver) return message
    tell(TOO_LATE)
    return undefined
  }

  private take(message: Message): void {
    const { packet } = message
    if (packet.flag_tc) {
      this.needsTcp = true
      this.timer?.()
      const { lab, settings } = this.options
      this.timer = lab.after(settings.timeout * 2 ** (this.attempt - 1), () => this.next())
      return this.askByTcp()
    }
    if (rcodeOf(packet) === 'FORMERR' && this.udpSize > 0) {
      // RFC 6891 6.2.2: a server that does not know OPT finds fault with the format.
      this.udpSize = 0
      return this.next()
    }
    this.finish(readAnswer(message, this.options.question))
  }

  private finish(answered: Answered | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.timer?.()
    this.connection?.end()
    // What still comes for an earlier attempt is to be known for what it is.
    const { lab, settings } = this.options
    this.timer = lab.after(settings.timeout, () => this.close())
    this.user.onDone(answered)
  }

  private close(): void {
    for (const socket of this.sockets.splice(0)) socket.close()
    this.connection?.destroy()
  }

  private query(id: number): Buffer {
    const { name, type } = this.options.question
    return writeMessage({
      type: 'query',
      id,
      flags: RECURSION_DESIRED,
      questions: [{ name, type, class: 'IN' }],
      additionals: this.udpSize > 0 ? [optRecord(this.udpSize)] : [],
    })
  }

  private newId(): number {
    return this.options.lab.rng.int(0x1_0000)
  }
}

const FROM_ELSEWHERE: Fault = {
  rule: 'RFC 5452 9.1',
  reason: 'it does not come from the server that was asked',
  offset: 0,
}
const TOO_LATE: Fault = { rule: 'RFC 5452 9.1', reason: 'nobody waits for it any more', offset: 0 }
