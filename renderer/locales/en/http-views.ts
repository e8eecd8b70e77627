/** Words of the views of requests, streams and frames. */
export default {
  layers: {
    title: 'Layers',
    label: 'TCP segments, TLS records, frames and requests of one direction above each other',
    empty: 'Layers show once a connection carries data.',
  },
  waterfall: {
    title: 'Waterfall',
    label: 'Requests over time: queued, connecting, waiting, receiving',
    empty: 'Requests show as soon as a client wants something.',
  },
  streams: {
    title: 'Streams',
    label: 'Each stream over time: transferring, self-blocked, cross-blocked, record-blocked',
    empty: 'Streams show once HTTP bytes arrive.',
  },
  frames: {
    title: 'Frames',
    label: 'All HTTP/2 frames',
    empty: 'Frames show once HTTP/2 is spoken; HTTP/1.1 has none.',
  },
}
