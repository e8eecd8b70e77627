/** Messages of applications, and the protocols that carry them: MQTT, WebSocket, gRPC. */
import { u8, u16, u32, f64, flag, str, type EventSpec } from './spec.ts'

export const MESSAGE_EVENTS = {
  // --- messages, as applications count them -----------------------------------------------------------------
  'app:message_sent': {
    doc: 'An application gave a message away',
    fields: {
      channel: str('who it is for, or what it belongs to: the receiving application, a feed'),
      message: u32('its number on this channel, from 1'),
      size: u32('without framing', 'B'),
    },
  },
  'app:message_received': {
    doc: 'An application got what it takes for a message',
    fields: {
      channel: str('as in app:message_sent'),
      message: u32('the number that it carries; 0: none that can be read'),
      size: u32('without framing', 'B'),
      copy: u16('1 for the first time, 2 for the first duplicate ...; 0 when it is wrong'),
      late: flag('a message with a higher number was here before'),
      delay: f64('since it was sent; -1: unknown', 'us'),
      wrong: str('empty, or what it is instead of one whole message: glued, split or damaged'),
    },
  },
  'app:stream_written': {
    doc: 'An application wrote bytes to a stream in which the boundaries of its messages are to be found',
    fields: {
      channel: str('as in app:message_sent'),
      offset: f64('of the first', 'B'),
      length: u32('written', 'B'),
    },
  },
  'app:frame_written': {
    doc: 'Where a message lies in the stream, with its framing',
    fields: {
      channel: str('as in app:message_sent'),
      message: u32('its number'),
      offset: f64('of the first byte that belongs to it', 'B'),
      length: u32('with framing', 'B'),
    },
  },
  'app:stream_read': {
    doc: 'What one read of the receiving application gave it',
    fields: {
      channel: str('as in app:message_sent'),
      offset: f64('of the first', 'B'),
      length: u32('read', 'B'),
    },
  },

  // --- MQTT, as an onlooker at the sender's host reads it ---------------------------------------------------
  'mqtt:packet': {
    doc: 'An MQTT control packet (MQTT 3.1.1 2)',
    fields: {
      from: str('client, or server for the broker'),
      type: str('such as PUBLISH'),
      version: u8('protocol level of the connection: 3, 4 or 5'),
      packet_id: u16('0: it has none'),
      qos: u8('of PUBLISH'),
      dup: flag('of PUBLISH'),
      retain: flag('of PUBLISH'),
      topic: str('of PUBLISH; of SUBSCRIBE and UNSUBSCRIBE the filters, with line feeds between'),
      message: u32('the number that a payload of the lab carries; 0: none'),
      header: u8('bytes of the fixed header, from 2 to 5'),
      length: u32('of the whole packet', 'B'),
      offset: f64('of its first byte, among the bytes of application data of this side', 'B'),
      detail: str('what else it says, in the words of the standard, with commas between'),
      bytes: str('the packet in hexadecimal, the first 512 bytes'),
    },
  },
  'mqtt:problem': {
    doc: 'Bytes that break a rule of MQTT',
    fields: {
      from: str('client or server'),
      offset: f64('where, among the bytes of application data of this side', 'B'),
      rule: str('the normative statement or section, such as MQTT-2.2.2-2'),
      reason: str('in short words'),
      bytes: str('the packet in hexadecimal, the first 512 bytes'),
    },
  },
  // --- MQTT, as the programs say ----------------------------------------------------------------------------
  'mqtt:state': {
    doc: 'Where a client is',
    fields: {
      client: str('its identifier'),
      state: str('connecting, connected, refused, closed or waiting (to try again)'),
      session_present: flag('of CONNACK'),
      code: u8('return code of CONNACK'),
      reason: str('why it closed: disconnect, break, cut, peer, keep_alive, error; else empty'),
    },
  },
  'mqtt:message_published': {
    doc: 'A client was given a message to publish',
    fields: {
      client: str('its identifier'),
      message: u32('its number in this lane, from 1'),
      topic: str('name'),
      qos: u8('asked for'),
      retain: flag('to be kept for later subscribers'),
      size: u32('of the payload', 'B'),
    },
  },
  'mqtt:publish_finished': {
    doc: 'The handshake of its QoS is over at the publisher (QoS 0: it was written), or was given up',
    fields: { client: str('its identifier'), message: u32('its number'), error: str('empty, or why not') },
  },
  'mqtt:message_delivered': {
    doc: 'A client gave a message to its application',
    fields: {
      client: str('its identifier'),
      message: u32('its number; 0: none that can be read'),
      topic: str('name'),
      qos: u8('of the PUBLISH'),
      dup: flag('of the PUBLISH'),
      retain: flag('of the PUBLISH'),
      copy: u16('1 for the first time at this client, 2 for the first duplicate ...'),
      delay: f64('since it was published; -1: unknown', 'us'),
    },
  },
  'mqtt:session': {
    doc: 'What the broker did with a session (MQTT 3.1.1 3.1.2.4)',
    fields: {
      client: str('its identifier'),
      action: str('created, resumed, taken_over, kept (the client is away) or ended'),
      clean: flag('clean session'),
      queued: u32('messages that wait for it'),
    },
  },
  'mqtt:refused': {
    doc: 'The broker refused a connection',
    fields: { client: str('its identifier'), code: u8('return code of CONNACK'), reason: str('in words') },
  },
  'mqtt:subscription': {
    doc: 'A subscription came or went',
    fields: {
      client: str('its identifier'),
      filter: str('topic filter'),
      qos: u8('granted; 128: refused'),
      action: str('added or removed'),
    },
  },
  'mqtt:retained': {
    doc: 'What the broker keeps for a topic',
    fields: {
      topic: str('name'),
      message: u32('its number'),
      size: u32('of the payload', 'B'),
      action: str('set or cleared'),
    },
  },
  'mqtt:queued': {
    doc: 'The broker keeps a message for a client that is away, or gives it up',
    fields: {
      client: str('its identifier'),
      message: u32('its number'),
      qos: u8('of the delivery'),
      action: str('kept or dropped'),
      queued: u32('afterwards'),
    },
  },
  'mqtt:will': {
    doc: 'What became of a will (MQTT 3.1.1 3.1.2.5)',
    fields: {
      client: str('whose'),
      action: str('registered, published or discarded'),
      topic: str('name'),
      reason: str('disconnect, broken, keep_alive, protocol_error or empty'),
    },
  },
  'mqtt:keep_alive_expired': {
    doc: 'The broker had heard nothing for too long (MQTT-3.1.2-24)',
    fields: {
      client: str('its identifier'),
      interval: f64('keep alive that the client asked for', 'us'),
      silent: f64('since the last packet that the broker received', 'us'),
    },
  },

  // --- WebSocket --------------------------------------------------------------------------------------------
  'ws:frame': {
    doc: 'A frame of a WebSocket (RFC 6455 5.2), as an onlooker at its sender reads it',
    fields: {
      from: str('client or server'),
      opcode: str('continuation, text, binary, close, ping, pong or reserved'),
      fin: flag('last of its message'),
      rsv: u8('the three reserved bits'),
      masked: flag('as every frame of a client must be'),
      key: str('masking key in hexadecimal'),
      header: u8('bytes before the payload'),
      length: f64('of the payload', 'B'),
      offset: f64('of its first byte, among the bytes of application data of this side', 'B'),
      detail: str('of a close its code and reason, of text its beginning'),
      bytes: str('the frame in hexadecimal, the first 512 bytes'),
    },
  },
  'ws:problem': {
    doc: 'Bytes that break a rule of RFC 6455',
    fields: {
      from: str('client or server'),
      offset: f64('where, among the bytes of application data of this side', 'B'),
      rule: str('such as RFC 6455 5.1'),
      code: u16('with which the receiver is to close'),
      reason: str('in short words'),
      bytes: str('the frame in hexadecimal, the first 512 bytes'),
    },
  },
  'ws:state': {
    doc: 'Where a WebSocket is, as its program says',
    fields: {
      state: str('connecting, open, closing or closed'),
      code: u16('of a close; 0: none'),
      reason: str('of a close'),
    },
  },

  // --- remote calls -----------------------------------------------------------------------------------------
  'grpc:message': {
    doc: 'A length-prefixed message of gRPC in the DATA of a stream, as an onlooker at its sender reads it',
    fields: {
      from: str('client or server'),
      stream: u32('stream identifier'),
      compressed: flag('its first byte'),
      length: u32('of the message without its five bytes of prefix', 'B'),
      bytes: str('prefix and message in hexadecimal, the first 512 bytes'),
    },
  },
  'rpc:call_started': {
    doc: 'A client called',
    fields: {
      call: u32('its number at this client, from 1'),
      method: str('such as /lab.Sensors/Read'),
      size: u32('of the request message', 'B'),
    },
  },
  'rpc:call_finished': {
    doc: 'The answer is there, or the call has failed',
    fields: {
      call: u32('its number'),
      status: str('OK, or the code of gRPC by name'),
      size: u32('of the answer', 'B'),
      error: str('empty, or the error in words'),
    },
  },
} as const satisfies Record<string, EventSpec>
