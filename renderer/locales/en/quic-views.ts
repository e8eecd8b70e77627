/** Words of the views of QUIC. */
export default {
  quic: {
    title: 'QUIC packets',
    label: 'QUIC packets between client and server with their frames, time downwards',
    empty: 'QUIC packets show as they are sent.',
  },
  acks: {
    title: 'Packet numbers',
    label: 'Packet numbers of one direction over time: sent, received, acknowledged, lost',
    empty: 'Packet numbers show with the first QUIC packet.',
  },
  credit: {
    title: 'Credit',
    label: 'Flow-control credit of the connection and of each stream over time',
    empty: 'Credit shows once a connection of QUIC or HTTP/2 is open.',
  },
  paths: {
    title: 'Paths',
    label: 'Addresses and paths of each connection over time, and the gap in delivery when a host moves',
    empty: 'Paths show with the first connection.',
  },
  qpack: {
    title: 'QPACK',
    label: 'QPACK instructions, dynamic tables and field sections',
    empty: 'QPACK shows once HTTP/3 is spoken.',
  },
}
