/** The key schedule of TLS 1.3 as RFC 8446 7.1 draws it: three secrets, and what is derived from each. */
import type { RecordKeys } from '../../../shared/projections/keys.ts'

export interface Branch {
  /** Label of Derive-Secret. */
  readonly label: string
  /** The messages whose hash goes in; empty: none. */
  readonly transcript: string
  readonly name: string
  /** Label in the key log; empty: it has none. */
  readonly logged: string
}

export interface Stage {
  readonly name: string
  /** HKDF-Extract with its salt and its input. */
  readonly formula: string
  readonly branches: readonly Branch[]
}

/** Label of the secret of 0-RTT data, which most connections do not have. */
export const EARLY = 'CLIENT_EARLY_TRAFFIC_SECRET'

const TO_SERVER_HELLO = 'ClientHello…ServerHello'
const TO_SERVER_FINISHED = 'ClientHello…server Finished'

export const STAGES: readonly Stage[] = [
  {
    name: 'Early Secret',
    formula: 'HKDF-Extract(0, PSK)',
    branches: [
      {
        label: 'c e traffic',
        transcript: 'ClientHello',
        name: 'client_early_traffic_secret',
        logged: EARLY,
      },
    ],
  },
  {
    name: 'Handshake Secret',
    formula: 'HKDF-Extract(derived, (EC)DHE)',
    branches: [
      {
        label: 'c hs traffic',
        transcript: TO_SERVER_HELLO,
        name: 'client_handshake_traffic_secret',
        logged: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
      },
      {
        label: 's hs traffic',
        transcript: TO_SERVER_HELLO,
        name: 'server_handshake_traffic_secret',
        logged: 'SERVER_HANDSHAKE_TRAFFIC_SECRET',
      },
    ],
  },
  {
    name: 'Master Secret',
    formula: 'HKDF-Extract(derived, 0)',
    branches: [
      {
        label: 'c ap traffic',
        transcript: TO_SERVER_FINISHED,
        name: 'client_application_traffic_secret_0',
        logged: 'CLIENT_TRAFFIC_SECRET_0',
      },
      {
        label: 's ap traffic',
        transcript: TO_SERVER_FINISHED,
        name: 'server_application_traffic_secret_0',
        logged: 'SERVER_TRAFFIC_SECRET_0',
      },
      {
        label: 'exp master',
        transcript: TO_SERVER_FINISHED,
        name: 'exporter_master_secret',
        logged: 'EXPORTER_SECRET',
      },
      {
        label: 'res master',
        transcript: 'ClientHello…client Finished',
        name: 'resumption_master_secret',
        logged: '',
      },
    ],
  },
]

/** All generations of the keys under a branch: a KeyUpdate keeps the label and counts on (RFC 8446 7.2). */
export const keysUnder = (keys: readonly RecordKeys[], { logged }: Branch): readonly RecordKeys[] =>
  keys.filter(({ label }) => logged !== '' && label === logged)
