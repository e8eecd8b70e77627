/** Words of the views of TCP and IP in depth; those on their charts are in `shared/charts/tcp-ip-texts.ts`. */
export default {
  probes: {
    title: 'Ping and traceroute',
    label: 'Probes of ping and traceroute: who answered, after how long, and which nobody answered',
    empty: 'Probes show as a ping or traceroute sends them.',
  },
  routes: {
    title: 'Routes',
    label: 'The routing tables of routers and hosts, and the line by which the packet was sent on',
    empty: 'The tables show as soon as the run begins.',
    none: 'No routing tables in this lane: its hosts stand at the two ends of one link.',
    prefix: 'Destination',
    via: 'Next hop',
    interface: 'Interface',
    used: 'Used',
    direct: 'own network',
    destination: 'Destination {address}',
    bits: 'Bits alike',
    at: 'at {time}',
    packet: 'packet {pkt}',
    ttl: 'TTL {before} → {after}',
    given_up: 'given up: {reason}',
    table: 'Routing table of {node}',
    hint: 'Lit: the line by which the selected packet was sent on; underlined: the bits of the destination that match it.',
  },
  fragments: {
    title: 'Fragments',
    label: 'Datagrams in fragments over time, those that were lost, and whether the whole ever came together',
    empty: 'Datagrams show once one is cut into fragments.',
    hint: 'A row is a datagram, a box in it a fragment with its bytes: point or click. Wheel: rows, Ctrl and wheel: zoom.',
    cut: '{size}, cut into {count} by {node} at {time}',
    again: 'sent again ({cause})',
    lost: '✕ fragment {pkt} with bytes {from} to {to} lost: {reason}',
    open: 'not whole yet',
  },
  writes: {
    title: 'Writes',
    label: 'How long each write took until the far end read it, and what held it back',
    empty: 'Writes show as an application makes them and the far end reads them.',
  },
  held: {
    title: 'Receive buffer',
    label:
      'Bytes held in the receive buffer, the gaps before them, and how many bytes the application gets at once',
    empty: 'The receive buffer shows as data come in.',
  },
  listener: {
    title: 'Listener',
    label:
      'SYN queue and accept queue of the listener with their limits, connections turned away, and cookies',
    empty: 'The queues show as clients connect.',
  },
  arq: {
    title: 'Retransmission over UDP',
    label: 'Packets by their numbers over time, with the windows of sender and receiver',
    empty: 'Packets show as the sender sends them.',
  },
}
