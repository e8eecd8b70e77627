/** Words of the views of TLS, header compression and caching. */
export default {
  hpack: {
    title: 'HPACK',
    label: 'Header blocks and the dynamic tables that they are read with',
    empty: 'Header blocks show once HTTP/2 is spoken.',
  },
  tls: {
    title: 'TLS handshake',
    label: 'The messages of the TLS handshake between client and server',
    empty: 'Handshake messages show once a connection speaks TLS.',
  },
  keys: {
    title: 'Key schedule',
    label: 'How the keys of a connection come about',
    empty: 'Keys show as soon as the handshake has made some.',
  },
  certificates: {
    title: 'Certificates',
    label: 'The certificate chain and each of its checks',
    empty: 'The chain shows once a certificate was checked.',
  },
  cache: {
    title: 'Cache',
    label: 'The way of each request through the cache',
    empty: 'Decisions show once a client with a cache wants something.',
  },
}
