/** A layer that does not know yet what it is: it looks at the first bytes and becomes what they tell. */
import type { Credit } from '../../protocol/tcp/tap.ts'
import { concat } from '../../protocol/wire/tls/key-schedule.ts'
import { bySide, SIDES, type Side } from '../../protocol/wire/side.ts'
import { OPAQUE, type Layer } from './layer.ts'
import { look, type Protocol } from './look.ts'

/** Makes the layer of a protocol; undefined: it is not expected here. */
export type BeginLayer = (protocol: Protocol) => Layer | undefined

export class Looker implements Layer {
  private readonly begin: BeginLayer
  /** What this has become; undefined: nothing yet. */
  private layer: Layer | undefined
  /** What each side has sent so far; small, or the look would have decided. */
  private readonly held = bySide((): Uint8Array => new Uint8Array(0))

  constructor(begin: BeginLayer) {
    this.begin = begin
  }

  /** Somebody else knows what it is. */
  decide(protocol: Protocol | 'none'): void {
    if (this.layer === undefined)
      this.become((protocol === 'none' ? undefined : this.begin(protocol)) ?? OPAQUE)
  }

  /** Nothing more can be made out. */
  lose(): void {
    this.layer = OPAQUE
  }

  handleBytes(from: Side, bytes: Uint8Array): void {
    if (this.layer !== undefined) return this.layer.handleBytes(from, bytes)
    this.held[from] = concat(this.held[from], bytes)
    const found = look(from, this.held[from])
    if (found !== 'undecided') this.decide(found)
  }

  handleEnd(from: Side, orderly: boolean): void {
    this.decide('none')
    this.layer?.handleEnd(from, orderly)
  }

  get handshaking(): boolean {
    return this.layer?.handshaking === true
  }

  credit(): Credit | undefined {
    return this.layer?.credit()
  }

  private become(layer: Layer): void {
    this.layer = layer
    for (const side of SIDES) {
      const bytes = this.held[side]
      this.held[side] = new Uint8Array(0)
      if (bytes.length > 0) layer.handleBytes(side, bytes)
    }
  }
}
