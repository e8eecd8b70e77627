/** The program `rpc-client`: calls a server for readings of its sensors, so many times, some at a time. */
import type { RpcClientApp } from '../../../../shared/messaging.ts'
import { borrow, type Borrowed } from '../http/borrowed.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import type { Caller } from './caller.ts'
import { CODECS, type Codec } from './codec.ts'
import { GrpcChannel } from './grpc-channel.ts'
import { JsonCaller } from './json-caller.ts'
import { READ, SENSORS } from './sensors.ts'
import type { CallResult } from './service.ts'
import type { CallError } from './status.ts'

export class RpcClient implements Program {
  done = false
  private readonly setup: RpcClientApp
  private readonly lab: Surroundings
  private readonly place: Borrowed
  private readonly codec: Codec
  private readonly caller: Caller
  private cancel: Cancel | undefined
  private started = 0
  private open = 0
  private bytes = 0
  private error = ''

  constructor(setup: RpcClientApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.codec = CODECS[setup.style]
    const isJson = setup.style === 'json'
    this.place = borrow(lab, {
      ...setup,
      version: isJson ? 'http/1.1' : 'h2',
      connections: setup.concurrency,
    })
    this.caller = isJson ? new JsonCaller(this.place) : new GrpcChannel(this.place)
  }

  start(): void {
    this.cancel = this.lab.after(this.setup.start, () => {
      this.lab.trace.emit('app:started', { what: this.setup.kind, bytes: 0 })
      this.fill()
    })
  }

  stop(): void {
    this.place.stopped = true
    this.cancel?.()
    this.caller.stop()
  }

  private fill(): void {
    const { calls, concurrency } = this.setup
    while (this.open < concurrency && this.started < calls) this.call()
    if (this.open === 0) this.caller.close(() => this.finish())
  }

  private call(): void {
    const { setup, lab } = this
    const call = ++this.started
    this.open++
    const sensor = SENSORS[call % SENSORS.length]
    const request = { sensor, from: (call - 1) * setup.readings, count: setup.readings }
    const message = this.codec.encodeRequest(request)
    lab.trace.emit('rpc:call_started', { call, method: READ, size: message.length })
    const timers: Cancel[] = []
    const cancel = this.caller.call(
      { number: call, method: READ, message, deadline: setup.deadline },
      (result) => {
        for (const stop of timers) stop()
        this.settle(call, this.checked(result))
      },
    )
    if (setup.deadline === 0) return
    const giveUp = (): void => {
      cancel()
      this.settle(call, { status: 'DEADLINE_EXCEEDED', message: 'no answer in time' })
    }
    timers.push(lab.after(setup.deadline, giveUp))
  }

  /** An answer that cannot be read, or is not what was asked for, is none. */
  private checked(result: CallResult): CallResult {
    if ('status' in result) return result
    const reply = this.codec.decodeReply(result)
    if (reply?.readings.length === this.setup.readings) return result
    return { status: 'INTERNAL', message: 'this is not the answer to what was asked for' }
  }

  private settle(call: number, result: CallResult): void {
    if (this.place.stopped) return
    const { status, message }: CallError = 'status' in result ? result : { status: 'OK', message: '' }
    const size = 'status' in result ? 0 : result.length
    this.bytes += size
    if (status !== 'OK') this.error ||= status
    this.lab.trace.emit('rpc:call_finished', { call, status, size, error: message })
    this.open--
    this.fill()
  }

  private finish(): void {
    if (this.done || this.place.stopped) return
    this.done = true
    this.lab.trace.emit('app:finished', { bytes: this.bytes, sha256: '', error: this.error })
  }
}
