/** The run itself, the applications on its hosts, and real sockets. */
import { u32, f64, str, type EventSpec } from './spec.ts'

export const RUN_EVENTS = {
  'sim:node_added': {
    doc: 'A node of the world, announced before anything else happens to it',
    fields: {
      kind: str('host, link, switch, router or outsider'),
      role: str('client, server, or empty'),
      address: str('IPv4 address of a host'),
      a: str('for a link: the node at side a'),
      b: str('for a link: the node at side b'),
    },
  },
  'sim:knob_changed': {
    doc: 'A setting was changed while the run went on',
    fields: {
      path: str('which'),
      from: str('the value before, as JSON'),
      to: str('the value after, as JSON'),
    },
  },
  'sim:mark': { doc: 'A step of the experiment, or a mark set by hand', fields: { text: str('its words') } },
  'sim:fault': {
    doc: 'Something that nobody asked for and that makes the expectations void',
    fields: { what: str('its kind, such as wire_loss'), detail: str('in words'), count: u32('how many') },
  },
  'app:started': {
    doc: 'An application began',
    fields: { what: str('its kind'), bytes: f64('to move', 'B') },
  },
  'app:connected': { doc: 'Its connection is established', fields: { peer: str('address:port') } },
  'app:finished': {
    doc: 'An application is done',
    fields: {
      bytes: f64('moved', 'B'),
      sha256: str('of what it moved, hexadecimal'),
      error: str('empty, or what went wrong'),
    },
  },
  'app:compared': {
    doc: 'What an application read was held against what the other end of its connection wrote',
    fields: {
      bytes: f64('read since the last such event of the connection', 'B'),
      differing: f64('of them: not what was written at their place', 'B'),
    },
  },
  'app:asked': {
    doc: 'An application began to write a question',
    fields: { round: u32('its number, from 1'), bytes: u32('of the question', 'B') },
  },
  'app:answered': {
    doc: 'The answer to a question is there, all of it',
    fields: {
      round: u32('the number of its question'),
      bytes: u32('of the answer', 'B'),
      time: u32('from the first write of the question', 'us'),
    },
  },
  'app:client_left': {
    doc: 'A client of a crowd has its answer, or goes without',
    fields: {
      client: u32('its number, from 1'),
      waited: u32('since it came', 'us'),
      error: str('empty: served; else impatient, or how its connection ended'),
    },
  },
  'app:counted': {
    doc: 'Something that an application counts has changed',
    fields: { what: str('such as orders or sessions'), count: f64('how many there are now') },
  },
  'wire:datagram_ignored': {
    doc: 'A datagram on a wire socket was not taken: unknown peer, not IPv4, too long',
    fields: { reason: str('why'), peer: str('address:port'), size: u32('length', 'B') },
  },
} as const satisfies Record<string, EventSpec>
