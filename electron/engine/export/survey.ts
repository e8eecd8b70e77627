/** What an exporter has to know of the whole run before it writes the first line: the nodes, and who sends the data. */
import { laneOfName } from '../../../shared/trace/store.ts'
import type { RecordingReader } from '../recording/types.ts'

export interface SurveyedNode {
  readonly name: string
  readonly lane: string
  /** host, link, switch, router or outsider. */
  readonly kind: string
  readonly role: string
  readonly address: string
  /** For a link: the nodes at its sides. */
  readonly a: string
  readonly b: string
}

export interface Survey {
  readonly nodes: ReadonlyMap<string, SurveyedNode>
  /** In the order of their appearance. */
  readonly lanes: readonly string[]
  /** Payload bytes that each host sent. */
  readonly payload: ReadonlyMap<string, number>
  /** Hosts that speak QUIC. */
  readonly quic: ReadonlySet<string>
}

/** What a link is tied to and nobody has announced is a program of someone else's. */
function addOutsiders(nodes: Map<string, SurveyedNode>): void {
  for (const { a, b } of [...nodes.values()].filter((node) => node.kind === 'link'))
    for (const name of [a, b])
      if (!nodes.has(name))
        nodes.set(name, {
          name,
          lane: laneOfName(name),
          kind: 'outsider',
          role: '',
          address: '',
          a: '',
          b: '',
        })
}

export function survey(reader: RecordingReader): Survey {
  const nodes = new Map<string, SurveyedNode>()
  const payload = new Map<string, number>()
  const quic = new Set<string>()
  const names = ['sim:node_added', 'tcp:segment_sent', 'udp:datagram_sent', 'transport:packet_sent'] as const
  for (const event of reader.events(names)) {
    const { node: name } = event
    if (event.name === 'transport:packet_sent') quic.add(name)
    else if (event.name === 'sim:node_added') nodes.set(name, { name, lane: laneOfName(name), ...event.data })
    else payload.set(name, (payload.get(name) ?? 0) + event.data.payload)
  }
  addOutsiders(nodes)
  const lanes = [...new Set([...nodes.values()].map((node) => node.lane))]
  return { nodes, lanes, payload, quic }
}

/** The hosts of a lane, outsiders included. */
export const hostsOf = ({ nodes }: Survey, lane: string): SurveyedNode[] =>
  [...nodes.values()].filter(
    (node) => node.lane === lane && (node.kind === 'host' || node.kind === 'outsider'),
  )

/** The host that sent most payload; with equal amounts the client, with equal roles the first. */
export function dataSender(run: Survey, lane: string): SurveyedNode | undefined {
  const sent = (node: SurveyedNode): number => run.payload.get(node.name) ?? 0
  const before = (a: SurveyedNode, b: SurveyedNode): number =>
    sent(b) - sent(a) || Number(b.role === 'client') - Number(a.role === 'client')
  return hostsOf(run, lane).sort(before)[0]
}
