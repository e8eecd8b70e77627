/** Programs that use TCP as it is: transfers, questions and answers, crowds, and a flood of SYNs. */
import * as v from 'valibot'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))
const size = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12))
const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))

/** Connects, writes `bytes` of seeded random data, closes its side, and reads until the peer closes. */
export const TcpSendApp = v.strictObject({
  kind: v.literal('tcp-send'),
  host: name,
  to: name,
  port,
  /** Its own port; 0: one that is free. */
  localPort: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)), 0),
  start: v.optional(span, 0),
  /** How long it stays silent after its connection is established, before it writes. */
  wait: v.optional(span, 0),
  bytes: v.optional(size, 0),
  /** Bytes a second that the application writes; 0: as fast as the connection takes them. */
  rate: v.optional(size, 0),
  /** Bytes of one write. */
  writeSize: v.optional(v.pipe(size, v.minValue(1)), 65_536),
  /** Close the sending side when all is written. */
  close: v.optional(v.boolean(), true),
  /** How long after the last write it closes. */
  closeDelay: v.optional(span, 0),
})

/** Listens, accepts, reads to the end and closes in turn. */
export const TcpSinkApp = v.strictObject({
  kind: v.literal('tcp-sink'),
  host: name,
  port,
  /** Bytes a second that the application reads; 0: at once. */
  rate: v.optional(size, 0),
  /** Bytes of one read of a slow reader; 0: what its rate gives it in a fiftieth of a second. */
  readSize: v.optional(size, 0),
  /** How long a connection waits in the accept queue. */
  acceptDelay: v.optional(span, 0),
  /** How long an accepted connection is not read. */
  readDelay: v.optional(span, 0),
  /** Bytes that it sends once the peer has closed its side; only then it closes its own. */
  reply: v.optional(size, 0),
  /** How long it waits after the peer has closed, before it replies or closes. */
  closeDelay: v.optional(span, 0),
  /** Closes its side of a connection so long after it was established, whatever the peer does; 0: does not. */
  closeAfter: v.optional(span, 0),
})

/** Asks and waits for the answer, round after round: a question is one or more writes. */
export const TcpAskApp = v.strictObject({
  kind: v.literal('tcp-ask'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  rounds: v.optional(count, 10),
  /** Bytes of each write of a question. */
  writes: v.optional(v.pipe(v.array(v.pipe(size, v.minValue(1))), v.minLength(1), v.maxLength(64)), [100]),
  /** Between the writes of a question; 0: one directly after the other. */
  gap: v.optional(span, 0),
  /** Between an answer and the next question. */
  pause: v.optional(span, 0),
  /** Bytes of an answer; 0: the question needs none, and the next one follows after `pause`. */
  answer: v.optional(size, 100),
})

/** Answers each question of `question` bytes with `answer` bytes. */
export const TcpAnswerApp = v.strictObject({
  kind: v.literal('tcp-answer'),
  host: name,
  port,
  question: v.optional(v.pipe(size, v.minValue(1)), 100),
  answer: v.optional(size, 100),
  /** What it takes to find an answer. */
  delay: v.optional(span, 0),
  /** How long a connection waits in the accept queue. */
  acceptDelay: v.optional(span, 0),
})

/** Many clients of one host, a connection each: asks once, wants the answer within `patience`, and goes. */
export const TcpCrowdApp = v.strictObject({
  kind: v.literal('tcp-crowd'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  clients: v.optional(v.pipe(count, v.maxValue(10_000)), 100),
  /** Between the arrival of two; 0: all at once. */
  every: v.optional(span, 0),
  question: v.optional(v.pipe(size, v.minValue(1)), 100),
  answer: v.optional(size, 100),
  patience: v.optional(v.pipe(span, v.minValue(1_000)), 10_000_000),
})

/** SYNs from addresses of the lab at which nobody is (RFC 4987 2): bounded, and inside the lab only. */
export const SynFloodApp = v.strictObject({
  kind: v.literal('syn-flood'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  count: v.optional(count, 1_000),
  /** SYNs a second. */
  rate: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(100_000)), 1_000),
})
