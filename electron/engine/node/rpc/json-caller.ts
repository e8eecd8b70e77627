/** Calls as POST with JSON over HTTP/1.1: a connection carries one at a time, so a call that is given up takes its connection with it. */
import { ToldExchange, type Borrowed } from '../http/borrowed.ts'
import { Pool } from '../http/pool.ts'
import type { Failure } from '../http/transport.ts'
import type { Cancel } from '../program.ts'
import { USER_AGENT, type Caller, type OutgoingCall } from './caller.ts'
import type { CallResult } from './service.ts'
import { isStatusName, statusOfHttp, type CallError } from './status.ts'

export class JsonCaller implements Caller {
  private readonly place: Borrowed
  private readonly pool: Pool

  constructor(place: Borrowed) {
    this.place = place
    this.pool = new Pool(place.lab, place.setup)
  }

  call({ number, method: target, message: body }: OutgoingCall, done: (result: CallResult) => void): Cancel {
    const method = 'POST'
    const chunks: Uint8Array[] = []
    let status = 0
    let givenUp = false
    const told = new ToldExchange(
      this.place,
      { number, method, target },
      {
        started: (code) => (status = code),
        content: (bytes) => chunks.push(bytes),
        finished: () => {
          const content = Buffer.concat(chunks)
          done(status === 200 ? content : readError(status, content))
        },
        failed: (failure) => {
          if (!givenUp) done(unavailable(failure))
        },
      },
    )
    const fields = {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': USER_AGENT,
    }
    const cancel = this.pool.send({ method, target, fields, body, readDelay: 0 }, told)
    return () => {
      cancel()
      givenUp = true
      told.failed({ code: 'timeout', message: 'given up' })
    }
  }

  close(closed: () => void): void {
    this.pool.close(closed)
  }

  stop(): void {
    this.pool.stop()
  }
}

export const unavailable = ({ code, message }: Failure): CallError => ({
  status: 'UNAVAILABLE',
  message: `${code}: ${message}`,
})

/** What the server says of a call that came to nothing; else what the status of HTTP says. */
function readError(httpStatus: number, content: Buffer): CallError {
  try {
    const { code, message } = JSON.parse(content.toString()) as Record<string, unknown>
    if (isStatusName(code) && code !== 'OK') return { status: code, message: String(message) }
  } catch {
    // It is something else, from someone else.
  }
  return { status: statusOfHttp(httpStatus), message: `status ${httpStatus} of HTTP` }
}
