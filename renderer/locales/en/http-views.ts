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
    hint: 'Point at a request to read it; click to select it in all views.',
    via: 'connection {connection}, {version}, exchange {exchange}',
    attempt: 'try {n}',
    coded: '{size} ({encoded} as {encoding})',
    initiator: 'wanted by #{initiator}',
    failed: 'failed: {error} {message}',
    source: {
      cache: 'from the cache, no request was made',
      validated: '304: the cache was still good',
      push: 'pushed by the server',
    },
  },
  streams: {
    title: 'Streams',
    label: 'Each stream over time: transferring, self-blocked, cross-blocked, record-blocked',
    empty: 'Streams show once HTTP bytes arrive.',
    hint: 'Point at a row to read it; click to select its stream and the packet that it waited for. Wheel: rows, Ctrl and wheel: zoom.',
    whole: '{name}: {size}, arriving from {from} to {to}',
    by_loss: '{name}: {condition} for {span}, {bytes} held; lost: {lost}, sent again as #{brought}',
    overtaken: '{name}: {condition} for {span}, {bytes} held; #{brought} was overtaken on its way',
    open: '{name}: {condition} for {span} so far, {bytes} held; lost: {lost}',
    in_record: '{name}: {condition} for {span}, {bytes} held until #{brought} made the TLS record whole',
  },
  frames: {
    title: 'Frames',
    label: 'All HTTP/2 frames',
    empty: 'Frames show once HTTP/2 is spoken; HTTP/1.1 has none.',
  },
}
