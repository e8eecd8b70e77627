/** 四次挥手: how a connection closes, one direction at a time, in four segments or three, from one side or from both. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

const THINKS = 'apps.sink.closeDelay'
const REPLY = 'apps.sink.reply'
const DELAYED_ACK = 'hosts.server.tcp.delayedAck'
const NO_LOSS = { path: 'links.link.up.loss.rate', oneOf: [0] }
const ACK_IN_TIME = { path: DELAYED_ACK, oneOf: [40_000] }
const CLOSES_LATE = [{ path: THINKS, oneOf: [200_000] }, ACK_IN_TIME, NO_LOSS]
const UNTOUCHED = [{ path: 'links.link.up.delay', oneOf: [50_000] }, NO_LOSS]

export const tcpClose: ExperimentInput = {
  id: 'tcp-close',
  chapter: 'tcp-connections',
  title: { en: 'Closing: four segments, or three', zh: '四次挥手，有时三次' },
  question: {
    en: 'Three segments open a connection. Why does closing it take four, and when are three enough?',
    zh: '建立连接用三个报文段，为什么关闭要用四个？什么时候三个也够？',
  },
  narrative: [
    {
      en: 'A connection is two streams, one each way, and each is closed for itself. FIN means: I have nothing more to send. It takes up a sequence number like a byte, so it is acknowledged and, if lost, sent again. Two FINs and two acknowledgments: four segments.',
      zh: '一个连接是方向相反的两个字节流，各自单独关闭。FIN 的意思是：我没有更多数据要发了。它像一个字节那样占用一个序列号，因此要被确认，丢了还要重发。两个 FIN，两次确认，一共四个报文段。',
    },
    {
      en: 'In the first lane the client closes first: it is the active side. The server acknowledges the FIN and is in CLOSE-WAIT; its program still has something to say. For 200 ms it thinks, then it sends 30,000 bytes, and the client, in FIN-WAIT-2, takes them all: it has only closed its mouth, not its ears. This is a half-closed connection. Then the server closes, waits in LAST-ACK for the last acknowledgment, and is done; the client stays in TIME-WAIT.',
      zh: '第一条泳道里，客户端先关闭，是主动方。服务器确认 FIN，进入 CLOSE-WAIT；它的程序还有话说：想了 200 毫秒，又发来 30,000 字节。客户端处于 FIN-WAIT-2，照单全收：它闭上的只是嘴，不是耳朵。这就是半关闭。之后服务器关闭，在 LAST-ACK 等最后一个确认，到此为止；客户端则留在 TIME-WAIT。',
    },
    {
      en: 'In the second lane the program on the server closes 5 ms after it has read to the end. The acknowledgment of the FIN was going to wait for up to 40 ms anyway, in the hope of a segment that could take it along; here comes one, the FIN of the server. FIN, FIN with ACK, ACK: three segments, and the server never had to say ACK alone. The four of the textbook are not a rule but the case in which the passive side is not ready.',
      zh: '第二条泳道里，服务器的程序读到末尾，5 毫秒后就关闭。对 FIN 的确认本来就会延迟最多 40 毫秒，好让别的报文段捎带；这时正好有一个：服务器自己的 FIN。FIN，FIN 加 ACK，ACK，三个报文段，服务器不用单独发 ACK。教科书里的四次不是规定，而是被动方还没准备好关闭时的情形。',
    },
    {
      en: 'In the third lane both programs close at the same moment, and the FINs cross. Each side gets a FIN where it expected an acknowledgment: it goes to CLOSING, and from there to TIME-WAIT. Nobody was passive, so both sides wait.',
      zh: '第三条泳道里，两边的程序同一时刻关闭，两个 FIN 在途中交错。每一方等的是确认，来的却是 FIN：于是进入 CLOSING，再进入 TIME-WAIT。没有谁是被动方，所以两边都要等。',
    },
    {
      en: 'The states view shows each end over time. A server in CLOSE-WAIT for long is a program that forgot to close. Shorten its thinking time below the delay of the acknowledgment, and the first lane closes in three segments, too, unless it still has data: then the first of them takes the acknowledgment along.',
      zh: '状态视图画出两端各个时刻的状态。服务器长时间停在 CLOSE-WAIT，说明程序忘了关闭。把它的思考时间调到确认的延迟以下试试：没有数据要发时，第一条泳道也只用三个报文段；有数据时，确认由第一段数据捎带。',
    },
  ],
  rfcs: [
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.6, figures 12 and 13; 3.8.6.3' },
    { number: 1122, title: 'Requirements for Internet Hosts: 4.2.2.13' },
  ],
  setup: {
    hosts: {
      client: { role: 'client', tcp: { msl: 500_000 } },
      server: { role: 'server', tcp: { msl: 500_000 } },
    },
    links: { link: { a: 'client', b: 'server', up: { delay: 50_000 }, down: { delay: 50_000 } } },
    apps: {
      // It closes 200 ms after it was established, at 300 ms.
      sender: {
        kind: 'tcp-send',
        host: 'client',
        to: 'server',
        port: 5001,
        bytes: 1_000,
        closeDelay: 200_000,
      },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001, closeDelay: 200_000, reply: 30_000 },
    },
  },
  lanes: [
    { id: 'four', label: { en: 'The server still has data', zh: '服务器还有数据要发' } },
    {
      id: 'three',
      label: { en: 'The server closes at once', zh: '服务器立刻关闭' },
      set: { [THINKS]: 5_000, [REPLY]: 0 },
    },
    {
      id: 'both',
      label: { en: 'Both close at the same time', zh: '双方同时关闭' },
      // The server is established 50 ms after the client, and closes when the client does.
      set: { [THINKS]: 0, [REPLY]: 0, 'apps.sink.closeAfter': 150_000 },
    },
  ],
  knobs: [
    {
      id: 'thinks',
      label: { en: 'The server thinks for', zh: '服务器的思考时间' },
      hint: {
        en: 'From the end of what the client sends until the server replies and closes; first lane.',
        zh: '从客户端的数据读完，到服务器回话并关闭；只对第一条泳道有效。',
      },
      group: 'application',
      paths: [THINKS],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 2_000_000,
      step: 10_000,
    },
    {
      id: 'reply',
      label: { en: 'It still has to say', zh: '它还要发送' },
      hint: { en: 'First lane.', zh: '只对第一条泳道有效。' },
      group: 'application',
      paths: [REPLY],
      kind: 'number',
      unit: 'B',
      min: 0,
      max: 1_000_000,
      step: 1_000,
    },
    {
      id: 'delayed-ack',
      label: { en: 'Delayed ACK of the server', zh: '服务器的延迟确认' },
      hint: {
        en: 'How long an acknowledgment may wait for company; 0: every segment is acknowledged at once.',
        zh: '确认最多等多久以便捎带；0 表示每个报文段立即确认。',
      },
      group: 'tcp',
      paths: [DELAYED_ACK],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 500_000,
      step: 10_000,
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay'), min: 1_000, max: 200_000, step: 1_000 },
    { ...LINK_KNOBS.loss, paths: bothWays('loss.rate') },
  ],
  expectations: [
    {
      id: 'four-segments',
      text: { en: 'Four segments when the passive side is not ready', zh: '被动方还没准备好：四个报文段' },
      metric: 'four/segments_to_close',
      op: '=',
      value: 4,
      unit: 'segments',
      why: {
        en: 'FIN, ACK, and after the data FIN, ACK. What carries the data is not counted.',
        zh: 'FIN、ACK；数据发完之后，再 FIN、ACK。运送数据的报文段不算在内。',
      },
      given: CLOSES_LATE,
    },
    {
      id: 'three-segments',
      text: { en: 'Three when it closes at once', zh: '被动方立刻关闭：三个报文段' },
      metric: 'three/segments_to_close',
      op: '=',
      value: 3,
      unit: 'segments',
      why: {
        en: 'The program closes within the time that the acknowledgment may wait (RFC 9293, 3.8.6.3), so the FIN takes it along.',
        zh: '程序在确认允许延迟的时间之内关闭（RFC 9293，3.8.6.3），FIN 便捎带了这个确认。',
      },
      given: [ACK_IN_TIME, NO_LOSS],
    },
    {
      id: 'four-without-delay',
      text: {
        en: 'Without delayed ACK the merged close takes four, too',
        zh: '没有延迟确认，合并的关闭也要四个',
      },
      metric: 'three/segments_to_close',
      op: '=',
      value: 4,
      unit: 'segments',
      why: {
        en: 'The acknowledgment of the FIN has left before the program has closed.',
        zh: '程序还没关闭，对 FIN 的确认已经发出去了。',
      },
      given: [{ path: DELAYED_ACK, oneOf: [0] }, NO_LOSS],
    },
    {
      id: 'both-segments',
      text: { en: 'Four when both close at the same time', zh: '双方同时关闭：四个报文段' },
      metric: 'both/segments_to_close',
      op: '=',
      value: 4,
      unit: 'segments',
      why: {
        en: 'The FINs have crossed, so neither could take an acknowledgment along (RFC 9293, 3.6, figure 13).',
        zh: '两个 FIN 在途中交错，谁也没能捎带确认（RFC 9293，3.6）。',
      },
      given: UNTOUCHED,
    },
    {
      id: 'half-closed',
      text: {
        en: 'All 30,000 bytes arrive at the side that has closed',
        zh: '30,000 字节全部到达已经关闭的一方',
      },
      metric: 'four/half_closed_bytes',
      op: '=',
      value: 30_000,
      unit: 'B',
      why: {
        en: 'FIN closes one direction; the other works as before (RFC 9293, 3.6).',
        zh: 'FIN 只关闭一个方向，另一个方向照常工作（RFC 9293，3.6）。',
      },
      given: [{ path: REPLY, oneOf: [30_000] }],
    },
    {
      id: 'half-closed-intact',
      text: { en: 'And not one of them is wrong', zh: '而且一个都没有错' },
      metric: 'four/corrupted_bytes',
      op: '=',
      value: 0,
      unit: 'B',
      why: {
        en: 'The client holds each byte against what the server wrote.',
        zh: '客户端把收到的每个字节与服务器写出的逐一对照。',
      },
    },
    {
      id: 'one-waits',
      text: { en: 'One end waits in TIME-WAIT: the active one', zh: '只有主动方进入 TIME-WAIT' },
      metric: 'four/time_waits',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Who sends the last acknowledgment cannot know whether it arrived; who gets it can.',
        zh: '发出最后一个确认的一方无从知道它是否到达；收到它的一方却知道。',
      },
      given: [NO_LOSS],
    },
    {
      id: 'both-wait',
      text: { en: 'Both do when both closed', zh: '同时关闭时，双方都进入' },
      metric: 'both/time_waits',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'Through CLOSING: each has sent a last acknowledgment (RFC 9293, 3.10.7.4).',
        zh: '都经过 CLOSING：双方各发出了一个最后的确认（RFC 9293，3.10.7.4）。',
      },
      given: UNTOUCHED,
    },
  ],
  views: ['ladder', 'states', 'packets'],
  duration: 20_000_000,
  prediction: {
    question: {
      en: 'The server has nothing more to send and closes as soon as it sees the FIN of the client. How many segments does the close take?',
      zh: '服务器没有数据要发，一见到客户端的 FIN 就关闭。整个关闭过程要几个报文段？',
    },
    choices: [
      {
        text: { en: 'Two: a FIN from each side', zh: '两个：双方各一个 FIN' },
        right: false,
        because: {
          en: 'The FIN of the server has to be acknowledged as well.',
          zh: '服务器的 FIN 也要得到确认。',
        },
      },
      {
        text: { en: 'Three', zh: '三个' },
        right: true,
        because: {
          en: 'Its FIN takes the acknowledgment of the first along.',
          zh: '它的 FIN 捎带了对第一个 FIN 的确认。',
        },
      },
      {
        text: { en: 'Four, as always', zh: '四个，一贯如此' },
        right: false,
        because: {
          en: 'Four are needed only when the acknowledgment has to go before the FIN.',
          zh: '只有确认必须先于 FIN 发出时，才需要四个。',
        },
      },
    ],
  },
}
