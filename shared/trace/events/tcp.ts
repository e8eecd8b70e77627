/** TCP. */
import { u8, u16, u32, f64, flag, str, ranges, type EventSpec } from './spec.ts'

export const TCP_EVENTS = {
  'tcp:segment_sent': {
    doc: 'A TCP segment left a host',
    fields: {
      seq: u32('sequence number of the first byte', 'seq'),
      ack: u32('acknowledgment number', 'seq'),
      flags: u16('the flags octet, CWR to FIN (RFC 9293 3.1)'),
      window: u32('the receive window that it advertises, scaled', 'B'),
      payload: u16('bytes of payload', 'B'),
      size: u16('length of the IP packet', 'B'),
      mss: u16('MSS option, 0: none', 'B'),
      window_scale: u8('window scale option, 255: none'),
      sack_permitted: flag('SACK-permitted option'),
      unknown_option: u8('kind of the first option that has no name of its own, such as 253; 0: none'),
      ts_val: u32('timestamp value, 0 with ts_ecr 0: none'),
      ts_ecr: u32('timestamp echo reply'),
      sack: ranges('SACK blocks', 'seq'),
      dsack: flag('the first SACK block names what arrived twice (RFC 2883)'),
      ecn: u8('ECN codepoint of its IP packet: 0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE'),
      cause: str(
        'empty: new; else why it was sent again: syn, fin, dup_acks, sack, rack, partial_ack, rto, loss_probe, mtu, mtu_probe, window_probe, keep_alive; limited_transmit marks new data sent under RFC 3042',
      ),
    },
  },
  'tcp:segment_unsent': {
    doc: 'A segment could not leave its host; TCP takes it for sent, as it does on a real system',
    fields: {
      seq: u32('sequence number of the first byte', 'seq'),
      payload: u16('bytes of payload', 'B'),
      reason: str('address_lost: its source is no address of the host any more'),
    },
  },
  'tcp:option_negotiated': {
    doc: "The peer's SYN came to an end that wants an option which nobody knows yet (RFC 6994); once a connection end, at the server with the SYN, at the client with the SYN-ACK",
    fields: {
      kind: u8('of the option, 253 or 254'),
      experiment: u16('its ExID'),
      arrived: flag(
        'the SYN that came carries it; else the peer did not send it, or something on the way took it out',
      ),
    },
  },
  'tcp:segment_received': {
    doc: 'A TCP segment reached its connection; its fields stand in the segment_sent of the same pkt',
    fields: { payload: u16('bytes of payload', 'B'), new_data: u16('bytes of it not seen before', 'B') },
  },
  'tcp:segment_refused': {
    doc: 'A segment was not accepted; the rule that applied and the answer given',
    fields: { rule: str('RFC and clause, in short words'), answer: str('none, ack, challenge_ack or rst') },
  },
  'tcp:state_changed': {
    doc: 'The connection state (RFC 9293 3.3.2)',
    fields: { from: str('before'), to: str('after'), why: str('segment, timer or call') },
  },
  'tcp:metrics_updated': {
    doc: 'The state of the sender and the receiver after something changed it',
    fields: {
      cwnd: u32('congestion window', 'B'),
      ssthresh: u32('slow start threshold, 4294967295: not yet set', 'B'),
      in_flight: u32('sent, not acknowledged, not known to be lost (pipe of RFC 6675)', 'B'),
      send_window: u32('what the peer advertises', 'B'),
      receive_window: u32('what this end advertises', 'B'),
      smoothed_rtt: u32('SRTT, 0: none yet', 'us'),
      rtt_variance: u32('RTTVAR', 'us'),
      rto: u32('retransmission timeout, with back-off', 'us'),
      send_buffer: u32('written by the application, not yet acknowledged', 'B'),
      receive_buffer: u32('in order, not yet read by the application', 'B'),
      out_of_order: u32('arrived, held because an earlier byte is missing', 'B'),
      acked: f64('bytes acknowledged by the peer so far', 'B'),
    },
  },
  'tcp:rtt_sampled': {
    doc: 'A round-trip time was measured',
    fields: { rtt: u32('the sample', 'us'), source: str('timestamp or segment') },
  },
  'tcp:rtt_discarded': {
    doc: 'A sample was not taken because the segment had been sent twice (Karn, RFC 6298 3)',
    fields: { rtt: u32('what it would have been', 'us') },
  },
  'tcp:congestion_state_changed': {
    doc: 'The phase of congestion control',
    fields: {
      from: str(
        'slow_start, conservative_slow_start, congestion_avoidance, recovery, congestion_window_reduced (ECN) or loss; of BBR its own states',
      ),
      to: str('likewise'),
      trigger: str(
        'such as dup_acks, sack, rack, rto, full_ack, ssthresh, rtt, ecn, undo; of BBR acknowledged',
      ),
    },
  },
  'tcp:segment_lost': {
    doc: 'The sender took a segment for lost',
    fields: {
      seq: u32('first byte', 'seq'),
      length: u32('bytes', 'B'),
      trigger: str('dup_acks, sack, rack, partial_ack, rto, or mtu: it was too large for the path'),
      late: u32('of rack: how long past its reordering window', 'us'),
      reordering_window: u32('of rack: as it was', 'us'),
    },
  },
  'tcp:reordering_window_changed': {
    doc: 'How long RACK waits for a segment that others have overtaken (RFC 8985 6.2 step 4)',
    fields: {
      window: u32('from now on', 'us'),
      why: str(
        'reordering_seen, dsack (it was too short), persist (16 recoveries without), recovery or start',
      ),
    },
  },
  'tcp:duplicate_reported': {
    doc: 'A D-SACK says that a segment arrived twice (RFC 2883)',
    fields: {
      seq: u32('first byte', 'seq'),
      length: u32('bytes', 'B'),
      resent: flag('this end had sent it again: that was spurious; else the network copied it'),
    },
  },
  'tcp:recovery_undone': {
    doc: 'A recovery or timeout was spurious: nothing had been lost',
    fields: {
      found_by: str('dsack (RFC 3708), timestamp (RFC 3522) or frto (RFC 5682)'),
      cwnd: u32('given back', 'B'),
      ssthresh: u32('given back, 4294967295: not set', 'B'),
    },
  },
  'tcp:frto_step': {
    doc: 'What F-RTO made of an acknowledgment after a timeout (RFC 5682 2.1, 3.1)',
    fields: { step: str('1, 2a, 2b, 3a or 3b'), verdict: str('undecided, genuine or spurious') },
  },
  'tcp:loss_probe_sent': {
    doc: 'The probe timeout ran out (RFC 8985 7.3)',
    fields: { what: str('new or last: the data that the probe carries'), timeout: u32('the PTO', 'us') },
  },
  'tcp:loss_probe_ended': {
    doc: 'What became of a probe (RFC 8985 7.4)',
    fields: {
      verdict: str('repaired (it replaced a lost segment), duplicate (nothing was lost), new or overtaken'),
    },
  },
  'tcp:slow_start_slowed': {
    doc: 'HyStart++ saw the round trip grow, or shrink again (RFC 9406 4.2)',
    fields: {
      phase: str('conservative, slow_start (spurious) or congestion_avoidance'),
      rtt: u32('the shortest of this round', 'us'),
      threshold: u32('at which it slows down', 'us'),
    },
  },
  'tcp:ecn_negotiated': {
    doc: 'Whether both ends want ECN (RFC 3168 6.1.1)',
    fields: { on: flag('they do'), why: str('agreed, peer_refused, not_wanted, or not_offered') },
  },
  'tcp:congestion_notified': {
    doc: 'The peer echoed a mark (RFC 3168 6.1.2)',
    fields: {
      reduced: flag('the window shrinks; else it did so in this round trip already'),
      cwnd: u32('afterwards', 'B'),
    },
  },
  'tcp:proportional_reduction': {
    doc: 'What an ACK allows to be sent while the window shrinks in step with what arrives (RFC 9937 6.2)',
    fields: {
      delivered: u32('since the loss or the mark was found', 'B'),
      sent: u32('since then', 'B'),
      allowance: u32('until the next ACK', 'B'),
      bound: str('proportional; below ssthresh conservation, or slow_start when the repair makes progress'),
    },
  },
  'tcp:path_mtu_changed': {
    doc: 'Segments become smaller or larger',
    fields: {
      mtu: u32('of the path, as far as is known', 'B'),
      mss: u32('payload of a full segment from now on', 'B'),
      why: str('icmp (RFC 1191), probe (RFC 4821 7.6.1), black_hole (RFC 4821 7.7) or timer (RFC 1191 6.3)'),
    },
  },
  'tcp:mtu_probe_ended': {
    doc: 'A probe for a larger segment (RFC 4821 7.6)',
    fields: { size: u32('length of its IP packet', 'B'), outcome: str('success, failure or inconclusive') },
  },
  'tcp:syn_cookie': {
    doc: 'A listener that keeps no memory of half-open connections (RFC 4987 3.6)',
    fields: { what: str('sent, accepted, expired or forged'), mss: u32('that the cookie carries', 'B') },
  },
  'tcp:timer_expired': {
    doc: 'A timer of the connection ran out',
    fields: {
      timer: str(
        'retransmit, loss_probe, reordering, persist, delayed_ack, keep_alive, time_wait, user_timeout ...',
      ),
      count: u16('how many times in a row'),
    },
  },
  'tcp:data_written': { doc: 'The application wrote', fields: { bytes: u32('accepted', 'B') } },
  'tcp:data_read': { doc: 'The application read', fields: { bytes: u32('taken', 'B') } },
  'tcp:queues_changed': {
    doc: "A listener's queues",
    fields: {
      syn_queue: u16('half-open connections'),
      accept_queue: u16('established, not yet accepted'),
      syn_limit: u16('the most that the SYN queue holds'),
      accept_limit: u16('the most that the accept queue holds'),
      dropped: u32('turned away so far'),
    },
  },
  'tcp:stall_changed': {
    doc: 'Why the sender does not send more, from now on (DESIGN 6.2)',
    fields: { cause: str('one of STALL_CAUSES') },
  },
  'tcp:connection_closed': {
    doc: 'The connection is gone',
    fields: { error: str('empty when both sides closed in order; else such as reset, timed_out') },
  },
} as const satisfies Record<string, EventSpec>
