/** What a server does with a call, whatever style it came in. */
import type { RpcServerApp } from '../../../../shared/messaging.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { CODECS, type Codec } from './codec.ts'
import { READ, Sensors } from './sensors.ts'
import type { CallError } from './status.ts'

export type CallResult = Uint8Array | CallError

export class Service {
  private readonly lab: Surroundings
  private readonly delay: number
  private readonly codec: Codec
  private readonly sensors: Sensors

  constructor(setup: RpcServerApp, lab: Surroundings) {
    this.lab = lab
    this.delay = setup.delay
    this.codec = CODECS[setup.style]
    this.sensors = new Sensors(lab.rng.fork('sensors'))
  }

  /** Works on a call as long as it takes; `done` is called once, unless it was cancelled before. */
  call(method: string, message: Uint8Array, done: (result: CallResult) => void): Cancel {
    const result = this.work(method, message)
    if (this.delay > 0) return this.lab.after(this.delay, () => done(result))
    done(result)
    return () => undefined
  }

  private work(method: string, message: Uint8Array): CallResult {
    if (method !== READ) return { status: 'UNIMPLEMENTED', message: `there is no method ${method}` }
    const request = this.codec.decodeRequest(message)
    if (request === undefined) return { status: 'INVALID_ARGUMENT', message: 'this is no ReadRequest' }
    const reply = this.sensors.read(request)
    return 'status' in reply ? reply : this.codec.encodeReply(reply)
  }
}
