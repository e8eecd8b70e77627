/**
 * A trace of a small network, written by hand: client and name server at a switch, two routers, a server behind them. The client
 * asks who its router is, then sends a SYN, which the routers pass on; the answer comes back; a third packet dies on the way.
 */
import { TraceMaker } from './trace-maker.ts'

export const MACS = {
  client: '02:00:0a:4d:00:01',
  dns: '02:00:0a:4d:00:35',
  near: '02:00:0a:4d:00:fe',
  nearWan: '02:00:0a:4d:01:01',
  farWan: '02:00:0a:4d:01:02',
  far: '02:00:0a:4d:02:fe',
  server: '02:00:0a:4d:02:02',
} as const

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
const macHex = (mac: string): string => mac.replaceAll(':', '')
const addressHex = (address: string): string =>
  address
    .split('.')
    .map((part) => hex(Number(part), 2))
    .join('')

/** Ethernet and IPv4 headers and the ports of a TCP segment, as `ip:packet_forwarded` has them. */
export const headersHex = (
  from: string,
  to: string,
  ip: {
    readonly ttl: number
    readonly checksum: number
    readonly source: string
    readonly destination: string
  },
): string =>
  `${macHex(to)}${macHex(from)}0800` +
  `4500003c00010000${hex(ip.ttl, 2)}06${hex(ip.checksum, 4)}${addressHex(ip.source)}${addressHex(ip.destination)}` +
  '9c40005000000007'

export const CLIENT = '10.77.0.1'
export const SERVER = '10.77.2.2'
export const JOURNEY_FLOW = `${CLIENT}:40000-${SERVER}:80`

class NetworkMaker extends TraceMaker {
  node(kind: string, name: string, role = '', address = ''): this {
    return this.add(0, 'sim:node_added', { kind, role, address, a: '', b: '' }, { node: name })
  }

  port(node: string, index: number, link: string, mac: string, address: string): this {
    const prefix = `${address.slice(0, address.lastIndexOf('.'))}.0/24`
    return this.add(0, 'sim:interface_added', { index, link, mac, address, prefix }, { node })
  }

  route(node: string, prefix: string, via: string, index: number): this {
    return this.add(0, 'sim:route_added', { prefix, via, interface: index }, { node })
  }

  /** A packet crosses a link that has a queue. */
  crosses(pkt: number, link: string, direction: 0 | 1, from: number, to: number): this {
    const queue = { direction, queue_bytes: 60, queue_packets: 1 }
    return this.add(from, 'link:packet_enqueued', queue, { node: link, pkt })
      .add(from, 'link:packet_dequeued', { ...queue, queue_bytes: 0, queue_packets: 0 }, { node: link, pkt })
      .add(to, 'link:packet_delivered', { direction, delay: to - from }, { node: link, pkt })
  }

  switched(
    t: number,
    pkt: number,
    ports: readonly [number, number],
    macs: readonly [string, string],
    what = 'known',
  ) {
    const [in_port, out_port] = ports
    const [source, destination] = macs
    const data = { in_port, out_port, source, destination, ethertype: 0x0800, decision: what, size: 74 }
    return this.add(t, 'ethernet:frame_forwarded', data, { node: 'switch', pkt })
  }

  learned(t: number, address: string, port: number, entries: number): this {
    return this.add(
      t,
      'ethernet:address_learned',
      { address, port, what: 'learned', entries },
      { node: 'switch' },
    )
  }

  neighbour(
    t: number,
    node: string,
    index: number,
    address: string,
    mac: string,
    state: string,
    waiting = 0,
  ): this {
    return this.add(t, 'arp:entry_changed', { address, mac, state, interface: index, waiting }, { node })
  }
}

/** The way of a packet through both routers takes this long on each of the four links, in microseconds. */
const LINK_TIME = 100

export function networkTrace(): TraceMaker {
  const maker = new NetworkMaker()
  maker
    .node('host', 'client', 'client', CLIENT)
    .node('host', 'dns', 'server', '10.77.0.53')
    .node('switch', 'switch')
    .node('router', 'near')
    .node('router', 'far')
    .node('host', 'server', 'server', SERVER)
    .link('desk', 'client', 'switch')
    .link('closet', 'dns', 'switch')
    .link('uplink', 'switch', 'near')
    .link('wan', 'near', 'far')
    .link('hall', 'far', 'server')
    .port('client', 0, 'desk', MACS.client, CLIENT)
    .port('dns', 0, 'closet', MACS.dns, '10.77.0.53')
    .port('near', 0, 'uplink', MACS.near, '10.77.0.254')
    .port('near', 1, 'wan', MACS.nearWan, '10.77.1.1')
    .port('far', 0, 'wan', MACS.farWan, '10.77.1.2')
    .port('far', 1, 'hall', MACS.far, '10.77.2.254')
    .port('server', 0, 'hall', MACS.server, SERVER)
    .route('client', '10.77.0.0/24', '', 0)
    .route('client', '0.0.0.0/0', '10.77.0.254', 0)
    .route('near', '10.77.0.0/24', '', 0)
    .route('near', '10.77.1.0/24', '', 1)
    .route('near', '0.0.0.0/0', '10.77.1.2', 1)
    .route('near', '10.77.2.0/24', '10.77.1.2', 1)
    .route('far', '10.77.1.0/24', '', 0)
    .route('far', '10.77.2.0/24', '', 1)
    .route('far', '0.0.0.0/0', '10.77.1.1', 0)
  // Who has 10.77.0.254? Flooded to the name server, too; the near router answers.
  const arp = {
    sender_mac: MACS.client,
    sender_address: CLIENT,
    target_mac: '00:00:00:00:00:00',
    target_address: '10.77.0.254',
    interface: 0,
    bytes: 'ff'.repeat(42),
  }
  maker
    .sent(0, 1, 'client', { seq: 7, flags: 2, size: 60 }, JOURNEY_FLOW)
    .add(0, 'arp:packet_held', { address: '10.77.0.254', interface: 0 }, { node: 'client', pkt: 1 })
    .neighbour(0, 'client', 0, '10.77.0.254', '', 'incomplete', 1)
    .add(0, 'arp:message_sent', { ...arp, operation: 'request' }, { node: 'client', pkt: 2 })
    .crosses(2, 'desk', 0, 0, 100)
    .learned(100, MACS.client, 0, 1)
    .switched(100, 2, [0, 255], [MACS.client, 'ff:ff:ff:ff:ff:ff'], 'broadcast')
    .crosses(2, 'uplink', 0, 100, 200)
    .crosses(2, 'closet', 1, 100, 200)
    .add(
      200,
      'arp:message_received',
      { operation: 'request', sender_address: CLIENT, target_address: '10.77.0.254', interface: 0 },
      { node: 'near', pkt: 2 },
    )
    .add(
      200,
      'ethernet:frame_rejected',
      { reason: 'not_for_us', offset: 0, size: 42 },
      { node: 'dns', pkt: 2 },
    )
    .neighbour(200, 'near', 0, CLIENT, MACS.client, 'reachable')
    .add(
      200,
      'arp:message_sent',
      {
        ...arp,
        operation: 'reply',
        sender_mac: MACS.near,
        sender_address: '10.77.0.254',
        target_address: CLIENT,
      },
      { node: 'near', pkt: 3 },
    )
    .crosses(3, 'uplink', 1, 200, 300)
    .learned(300, MACS.near, 2, 2)
    .switched(300, 3, [2, 0], [MACS.near, MACS.client])
    .crosses(3, 'desk', 1, 300, 400)
    .neighbour(400, 'client', 0, '10.77.0.254', MACS.near, 'reachable')
    .add(
      400,
      'arp:packet_released',
      { address: '10.77.0.254', interface: 0, waited: 400 },
      { node: 'client', pkt: 1 },
    )
  forward(maker, 1, 400)
  // The answer.
  maker.sent(900, 4, 'server', { seq: 70, ack: 8, flags: 0x12, size: 60 }, JOURNEY_FLOW)
  back(maker, 4, 900)
  // A third packet is lost between the routers.
  maker
    .sent(1400, 5, 'client', { seq: 8, ack: 71, payload: 100, size: 140 }, JOURNEY_FLOW)
    .crosses(5, 'desk', 0, 1400, 1500)
    .switched(1500, 5, [0, 2], [MACS.client, MACS.near])
    .crosses(5, 'uplink', 0, 1500, 1600)
    .add(1600, 'ip:packet_forwarded', forwarded('near', 63), { node: 'near', pkt: 5 })
    .add(
      1600,
      'link:packet_enqueued',
      { direction: 0, queue_bytes: 140, queue_packets: 1 },
      { node: 'wan', pkt: 5 },
    )
    .add(
      1600,
      'link:packet_dequeued',
      { direction: 0, queue_bytes: 0, queue_packets: 0 },
      { node: 'wan', pkt: 5 },
    )
    .add(
      1650,
      'link:packet_dropped',
      { direction: 0, reason: 'bernoulli', delay: 50 },
      { node: 'wan', pkt: 5 },
    )
    // And one has come too far.
    .sent(2000, 6, 'client', { seq: 8, ack: 71, payload: 100, size: 140, cause: 'rto' }, JOURNEY_FLOW)
    .crosses(6, 'desk', 0, 2000, 2100)
    .switched(2100, 6, [0, 2], [MACS.client, MACS.near])
    .crosses(6, 'uplink', 0, 2100, 2200)
    .add(
      2200,
      'ip:packet_discarded',
      { reason: 'ttl_expired', size: 140, ttl: 1, destination: SERVER },
      { node: 'near', pkt: 6 },
    )
    .add(2500, 'sim:mark', { text: 'end' })
  return maker
}

function forwarded(router: 'near' | 'far', ttl: number, isBack = false) {
  const ip = isBack ? { source: SERVER, destination: CLIENT } : { source: CLIENT, destination: SERVER }
  const side = (mac: string, next: string, left: number): string =>
    headersHex(mac, next, { ttl: left, checksum: 0x1000 - left, ...ip })
  const { client, near, nearWan, farWan, far, server } = MACS
  const links = { near: [client, near, nearWan, farWan], far: [nearWan, farWan, far, server] }[router]
  const [a, b, c, d] = isBack ? links.toReversed() : links
  const wide = { near: '10.77.1.2', far: SERVER }[router]
  return {
    in_interface: isBack ? 1 : 0,
    out_interface: isBack ? 0 : 1,
    prefix: isBack ? (router === 'near' ? '10.77.0.0/24' : '0.0.0.0/0') : '10.77.2.0/24',
    next_hop: isBack ? (router === 'near' ? CLIENT : '10.77.1.1') : wide,
    ttl,
    before: side(a, b, ttl + 1),
    after: side(c, d, ttl),
    size: 60,
  }
}

function forward(maker: NetworkMaker, pkt: number, t: number): void {
  const at = (links: number): number => t + links * LINK_TIME
  maker
    .crosses(pkt, 'desk', 0, at(0), at(1))
    .switched(at(1), pkt, [0, 2], [MACS.client, MACS.near])
    .crosses(pkt, 'uplink', 0, at(1), at(2))
    .add(at(2), 'ip:packet_forwarded', forwarded('near', 63), { node: 'near', pkt })
    .crosses(pkt, 'wan', 0, at(2), at(3))
    .add(at(3), 'ip:packet_forwarded', forwarded('far', 62), { node: 'far', pkt })
    .crosses(pkt, 'hall', 0, at(3), at(4))
    .received(at(4), pkt, 'server', 0, JOURNEY_FLOW)
}

function back(maker: NetworkMaker, pkt: number, t: number): void {
  const at = (links: number): number => t + links * LINK_TIME
  maker
    .crosses(pkt, 'hall', 1, at(0), at(1))
    .add(at(1), 'ip:packet_forwarded', forwarded('far', 63, true), { node: 'far', pkt })
    .crosses(pkt, 'wan', 1, at(1), at(2))
    .add(at(2), 'ip:packet_forwarded', forwarded('near', 62, true), { node: 'near', pkt })
    .crosses(pkt, 'uplink', 1, at(2), at(3))
    .switched(at(3), pkt, [2, 0], [MACS.near, MACS.client])
    .crosses(pkt, 'desk', 1, at(3), at(4))
    .received(at(4), pkt, 'client', 0, JOURNEY_FLOW)
}
