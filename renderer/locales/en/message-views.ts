/** Words of the views of messages: their bytes, their delivery, remote calls, framing; and the titles of the views of MQTT and the journey. */
export default {
  journey: { title: 'Journey' },
  mqtt: { title: 'MQTT' },
  pdus: {
    title: 'Messages, byte by byte',
    label: 'Messages of MQTT, DNS, WebSocket, gRPC and ARP, and the bytes of the one that is selected',
    empty: 'Messages show as they are sent.',
    bytes: 'Fields and bytes of the message of {protocol}',
    filter: 'Filter: mqtt  publish  client  problem  -pingreq',
    filter_hint:
      'Words that must all hold: client and server are who sends, problem is what breaks a rule; anything else is looked for in protocol, type and contents. A minus sign turns a word round.',
    count: '{shown} of {total}',
    time: 'Time (s)',
    from: 'From',
    protocol: 'Protocol',
    type: 'Type',
    contents: 'Contents',
    length: 'Bytes',
    none: 'No message passes the filter.',
  },
  deliveries: {
    title: 'Deliveries',
    label: 'What became of each message: delivered, lost, duplicated, late or wrong, and how long it took',
    empty: 'Messages show as an application sends them.',
  },
  calls: {
    title: 'Calls',
    label: 'Remote calls over time, and what their bytes are spent on',
    empty: 'Calls show as a client makes them.',
  },
  framing: {
    title: 'Framing',
    label: 'A byte stream: its messages, the writes, the segments and the reads',
    empty: 'The stream shows once messages are written to it.',
  },
}
