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
  private readonly expected: Protocol | undefined
  /** What this has become; undefined: nothing yet. */
  private layer: Layer | undefined
  /** What each side has sent so far; small, or the look would have decided. */
  private readonly held = bySide((): Uint8Array => new Uint8Array(0))

  /** `expected`: what is spoken where nothing else can be told by the first bytes. */
  constructor(begin: BeginLayer, expected?: Protocol) {
    this.begin = begin
    this.expected = expected
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
    const found = this.expected === 'dns' ? 'dns' : look(from, this.held[from])
    if (found !== 'undecided') this.decide(found === 'none' ? (this.expected ?? 'none') : found)
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
