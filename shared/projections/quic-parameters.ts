/** The transport parameters of both ends of each QUIC connection, as each said them itself (RFC 9000 18.2). */
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'

/** By their names in RFC 9000, such as `initial_max_data`; those that are no numbers are left out. */
export type NumberParameters = ReadonlyMap<string, number>

const DEFAULT_ACK_DELAY_EXPONENT = 3

export class QuicParameters {
  private readonly own = new EndMap<Map<string, number>>(() => new Map())
  private readonly cursor = new Cursor('transport:parameters_set')

  update(store: TraceStore): void {
    this.cursor.read(store, (_, table, row) => {
      const { owner, parameters } = table.columns
      if (store.text(owner.data[row]) !== 'local') return
      const end = this.own.open(table.flow.data[row], table.node.data[row])
      for (const [name, value] of numbersOf(store.text(parameters.data[row]))) end.set(name, value)
    })
  }

  /** What an end has declared; undefined before it has. */
  of(flow: number, node: number): NumberParameters | undefined {
    return this.own.get(flow, node)
  }

  /** What an end means by the Ack Delay of its ACK frames, in microseconds (RFC 9000 19.3). */
  ackDelay(flow: number, node: number, delay: number): number {
    const exponent = this.of(flow, node)?.get('ack_delay_exponent') ?? DEFAULT_ACK_DELAY_EXPONENT
    return delay * 2 ** Math.min(20, exponent)
  }
}

/** The numbers in a JSON object; a recording may hold anything. */
function numbersOf(json: string): [string, number][] {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] >= 0,
    )
  } catch {
    return []
  }
}
