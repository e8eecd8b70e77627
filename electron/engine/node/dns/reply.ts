/** What a server says to a message that has come, whatever that is (RFC 1035 4.1.1, RFC 6891, RFC 9619). */
import type { Answer } from 'dns-packet'
import {
  HEADER,
  isFault,
  isOpt,
  optOf,
  optRecord,
  questionBytes,
  readHeader,
  readMessage,
  writeMessage,
  type Fault,
  type Header,
} from './message.ts'
import type { Zone } from './zone.ts'

/** Answers of more bytes go by TCP, unless EDNS allows more (RFC 1035 4.2.1). */
const PLAIN_UDP_SIZE = 512

/** RFC 1035 4.1.1, RFC 6891 9: the code's lower four bits stand in the header, the upper eight in OPT. */
const RCODES = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, BADVERS: 16 } as const

const AA = 0x0400
const TC = 0x0200
const RD = 0x0100

const QUESTIONS: Fault = { rule: 'RFC 9619 4', reason: 'a query has exactly one question', offset: 4 }
const TWO_OPTS: Fault = { rule: 'RFC 6891 6.1.1', reason: 'a second OPT', offset: 10 }

export interface ReplyOptions {
  readonly zone: Zone
  readonly over: 'udp' | 'tcp'
  /** What the server takes by UDP, as it says with EDNS; 0: it knows nothing of EDNS. */
  readonly udpSize: number
}

/** The reply, if there is one, and what was wrong, if anything was. */
export interface Reply {
  readonly bytes?: Buffer
  readonly fault?: Fault
}

/** Makes the reply to a message. Never throws. */
export function replyTo(bytes: Uint8Array, options: ReplyOptions): Reply {
  const header = readHeader(bytes)
  const message = readMessage(bytes)
  if (header === undefined) return isFault(message) ? { fault: message } : {}
  // To answer an answer would go on for ever between two servers.
  if (header.isResponse)
    return { fault: { rule: 'RFC 1035 4.1.1', reason: 'a response where a query should be', offset: 2 } }
  if (header.opcode !== 0) return { bytes: refusal(header, RCODES.NOTIMP) }
  if (isFault(message)) return { bytes: refusal(header, RCODES.FORMERR), fault: message }
  const { questions = [], additionals = [] } = message.packet
  const fault =
    questions.length !== 1 ? QUESTIONS : additionals.filter(isOpt).length > 1 ? TWO_OPTS : undefined
  if (fault !== undefined) return { bytes: refusal(header, RCODES.FORMERR), fault }
  const opt = options.udpSize > 0 ? optOf(message) : undefined
  const question = questionBytes(message)
  if (opt !== undefined && opt.ednsVersion > 0)
    return { bytes: answer(header, question, { rcode: RCODES.BADVERS, opt: optRecord(options.udpSize, 1) }) }
  const { name, type } = questions[0]
  const found = options.zone.find(isPlain(name, question) ? name : '', type)
  const content = {
    rcode: RCODES[found.rcode],
    answers: found.answers,
    authorities: found.authorities,
    ...(opt && { opt: optRecord(options.udpSize) }),
  }
  const whole = answer(header, question, content)
  const room = Math.max(PLAIN_UDP_SIZE, Math.min(opt?.udpPayloadSize ?? 0, options.udpSize))
  if (options.over === 'tcp' || whole.length <= room) return { bytes: whole }
  // RFC 2181 9: what is not whole is to be asked for again by TCP, so there is no use in sending a part.
  const none = { answers: [], authorities: [], isTruncated: true }
  return { bytes: answer(header, question, { ...content, ...none }) }
}

/** Whether a name's labels are what its text says: a label may hold a dot, and then its text is another name's. */
function isPlain(name: string, question: Buffer): boolean {
  let at = 0
  for (const label of name === '.' ? [] : name.split('.')) {
    if (question[at] !== Buffer.byteLength(label)) return false
    at += question[at] + 1
  }
  return question[at] === 0
}

interface Content {
  readonly rcode: number
  readonly answers?: readonly Answer[]
  readonly authorities?: readonly Answer[]
  readonly opt?: Answer
  readonly isTruncated?: boolean
}

function answer(header: Header, question: Uint8Array, content: Content): Buffer {
  const { rcode, answers = [], authorities = [], opt, isTruncated } = content
  const flags = AA | (isTruncated ? TC : 0) | (header.recursionDesired ? RD : 0) | (rcode & 0xf)
  return writeMessage(
    {
      type: 'response',
      id: header.id,
      flags,
      answers: [...answers],
      authorities: [...authorities],
      additionals: opt === undefined ? [] : [opt],
    },
    question,
  )
}

/** A header alone: what follows it in the query could not be read, or was not. */
function refusal({ id, opcode, recursionDesired }: Header, rcode: number): Buffer {
  const bytes = Buffer.alloc(HEADER)
  bytes.writeUInt16BE(id, 0)
  bytes.writeUInt16BE(0x8000 | (opcode << 11) | (recursionDesired ? RD : 0) | rcode, 2)
  return bytes
}
