/** Words of the views and charts. */
export default {
  view: {
    topology: { title: 'Topology' },
    ladder: { title: 'Ladder' },
    windows: { title: 'Windows' },
    rtt: { title: 'Round-trip time' },
    sequence: { title: 'Sequence' },
    goodput: { title: 'Goodput' },
    queue: { title: 'Queue' },
    stalls: { title: 'Stalls' },
    states: { title: 'States' },
    packets: { title: 'Packets' },
  },
}
