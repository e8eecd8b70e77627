/** Random but well-formed events, for properties of batches, stores and exports. */
import * as fc from 'fast-check'
import {
  EVENT_NAMES,
  EVENTS,
  type EventData,
  type EventName,
  type FieldSpec,
} from '../../shared/trace/events.ts'

export interface AnyEvent {
  readonly name: EventName
  readonly data: EventData<EventName>
  readonly t: number
  readonly node: string
  readonly flow: string
  readonly pkt: number
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const VALUES: Record<FieldSpec['type'], fc.Arbitrary<unknown>> = {
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32,
  f64: fc.double({ noNaN: true }),
  flag: fc.boolean(),
  str: fc.string({ unit: 'binary', maxLength: 12 }),
  ranges: fc.array(fc.tuple(u32, u32), { maxLength: 4 }).map((pairs) => pairs.flat()),
}

const dataOf = (name: EventName): fc.Arbitrary<EventData<EventName>> =>
  fc.record(
    Object.fromEntries(
      Object.entries<FieldSpec>(EVENTS[name].fields).map(([field, spec]) => [field, VALUES[spec.type]]),
    ),
  ) as fc.Arbitrary<EventData<EventName>>

/** One event of any name, every field within its type. */
export const anyEvent: fc.Arbitrary<AnyEvent> = fc.constantFrom(...EVENT_NAMES).chain((name) =>
  fc.record({
    name: fc.constant(name),
    data: dataOf(name),
    t: fc.double({ min: 0, max: 1e12, noNaN: true }),
    node: fc.string({ maxLength: 8 }),
    flow: fc.string({ maxLength: 8 }),
    pkt: u32,
  }),
)
