/** Control frames that wait to be sent, each once, by name: their content is made when they go (RFC 9000 13.3). */
import type { Carried } from './sent.ts'

type Control = Exclude<
  Carried,
  {
    readonly type: 'crypto' | 'stream' | 'ack' | 'datagram' | 'path_challenge' | 'path_response' | 'mtu_probe'
  }
>

const keyOf = (control: Control): string => {
  if ('id' in control) return `${control.type} ${control.id}`
  if ('direction' in control) return `${control.type} ${control.direction}`
  if ('number' in control) return `${control.type} ${control.number}`
  return control.type
}

export class Pending {
  private readonly waiting = new Map<string, Control>()

  get isEmpty(): boolean {
    return this.waiting.size === 0
  }

  add(control: Control): void {
    this.waiting.set(keyOf(control), control)
  }

  delete(control: Control): void {
    this.waiting.delete(keyOf(control))
  }

  values(): Iterable<Control> {
    return this.waiting.values()
  }
}

export type { Control }
