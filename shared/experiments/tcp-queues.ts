/** 半连接队列与全连接队列: a crowd at a listener, with a slow accept, under a flood of SYNs, and with SYN cookies. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is } from './web.ts'

const DELAY = 50_000
const CLIENTS = 40
const EVERY = 100_000
const PATIENCE = 3_000_000
const SYN_BACKLOG = 16
const ACCEPT_BACKLOG = 4
const SLOW = 1_000_000
const FLOOD = { start: 1_000_000, rate: 100, count: 300 }

/** Of two round trips: one or three would not pass. Many clients at once keep a busy machine from better at the wall clock. */
const LESS_THAN_ONE_MORE = 0.45

const SERVER = 'hosts.server.tcp'
/** What bears on who is served; a knob that is turned may serve more or fewer, and no claim is made then. */
const AS_SET = [
  ...bothWays('loss.rate').map((path) => is(path, 0)),
  ...bothWays('delay').map((path) => is(path, DELAY)),
  is('apps.crowd.clients', CLIENTS),
  is('apps.crowd.every', EVERY),
  is('apps.crowd.patience', PATIENCE),
  is('apps.flood.rate', FLOOD.rate),
  is(`${SERVER}.synBacklog`, SYN_BACKLOG),
  is(`${SERVER}.acceptBacklog`, ACCEPT_BACKLOG),
]

export const tcpQueues: ExperimentInput = {
  id: 'tcp-queues',
  chapter: 'tcp-connections',
  title: { en: 'SYN queue and accept queue', zh: '半连接队列与全连接队列' },
  question: {
    en: 'Where do connections wait before a server talks to them, and what happens to those who come when there is no room?',
    zh: '连接在服务器受理之前排在哪里？排不下时，后来的会怎样？',
  },
  narrative: [
    {
      en: 'A listening socket has two queues. A connection whose SYN has come, but not yet its last ACK, is half open and stands in the SYN queue; here it holds 16. With the ACK the connection moves to the accept queue and waits there until the application calls accept; here it holds 4. Both lengths are drawn over time, with their limits.',
      zh: '监听套接字有两个队列。SYN 已到、最后的 ACK 还没到的连接是半开的，排在半连接队列里，这里最多 16 个。ACK 一到，连接就转入全连接队列，等应用程序调用 accept 取走，这里最多 4 个。两个队列的长度和上限都画在时间轴上。',
    },
    {
      en: 'In all lanes the same crowd comes: 40 clients, one every 100 ms, each with a connection and a question of its own. Who has no answer after 3 s goes away. In the first lane the application accepts at once. A client is half open for one round trip, so one or two stand in the queue at a time; nobody waits longer than the two round trips that handshake and question take.',
      zh: '四组里来的是同样一群客户：40 个，每 100 毫秒一个，各建一条连接，各问一个问题，3 秒没有答复就走人。第一组里应用程序随到随取。每个客户只半开一个往返，所以队列里同时只有一两个；谁都只需等握手和问答的两个往返。',
    },
    {
      en: 'In the second lane it takes the application 1 s to accept. What comes in a second stands in the queue together, and there is no room for that (Little’s law: the length is the rate of arrivals times the time that each waits). A server whose accept queue is full ignores new SYNs and even the last ACK of a handshake, as if the network had lost them. It does not refuse anybody: a RST would end the attempt, while silence makes the client try again, 1 s later, then 2 s after that. Some have luck, others lose patience. More than one in three of a crowd may be lost here without a single packet lost on the way.',
      zh: '第二组里应用程序过 1 秒才 accept。一秒之内来的都堆在队列里，自然放不下（利特尔法则：队长等于到达率乘以各自等待的时间）。全连接队列满了，服务器对新来的 SYN 置之不理，连握手的最后一个 ACK 也当没收到，就像网络把它们丢了。它并不拒绝谁：回 RST 会让客户就此放弃，沉默则会让客户再试，先隔 1 秒，再隔 2 秒。有人赶上了空位，有人等不及。网络上一个包都没丢，这群客户却可能有三分之一以上空手而归。',
    },
    {
      en: 'In the third lane somebody sends 100 SYNs a second from addresses at which nobody is (RFC 4987). The server answers each, and nobody will ever send the ACK. After 16 of them the SYN queue is full, and it stays full: a place becomes free only when the server has repeated its SYN-ACK in vain often enough. Whoever came before the flood is served; whoever comes afterwards finds no place. It takes no bandwidth worth mentioning, only somebody who does not say who he is.',
      zh: '第三组里有人每秒发来 100 个 SYN，源地址都是没有主机的地址（RFC 4987）。服务器一一作答，却永远等不到 ACK。只要 16 个，半连接队列就满了，而且一直满着：要等服务器把 SYN-ACK 白白重发够次数，才会空出位子。洪水之前来的客户都得到了服务，之后来的就没有位子了。这种攻击几乎不费带宽，只要不说出自己是谁。',
    },
    {
      en: 'SYN cookies are the answer of the fourth lane. When the queue is full, the server no longer remembers the SYN, but puts what it has to remember into the sequence number of its answer: a clock, the MSS in 3 bits, and 24 bits of a hash over the addresses, the ports and a secret (RFC 4987 3.6). An honest client sends that number back in its ACK, increased by one. The server computes the hash again, and if it is right, the connection is there, as though it had been in the queue all the time. The flood still fills the queue, but that matters to nobody: a stranger costs a packet and no memory.',
      zh: '第四组的对策是 SYN cookie。队列满时，服务器不再记住这个 SYN，而是把该记的东西写进应答的序列号里：一个时钟、3 比特表示的 MSS，以及对地址、端口和密钥算出的 24 比特散列（RFC 4987 3.6）。诚实的客户会在 ACK 里把这个数加一送回来。服务器重算一遍散列，对得上就建立连接，如同它一直排在队列里。洪水照样占满队列，但已无关紧要：陌生人只费服务器一个包，不费内存。',
    },
    {
      en: 'It has its price, which is why cookies are used only when the queue is full. The server cannot repeat a SYN-ACK that it does not remember. Options of the SYN find no room in the number; here they travel in the low bits of the timestamp, which the client echoes. Switch timestamps off, and such connections have neither window scaling nor SACK.',
      zh: '这也有代价，所以只在队列满时才用。服务器不记得的 SYN-ACK，就无从重发。SYN 里的选项在序列号中放不下，这里借时间戳的低位捎带，由客户端回显。若关掉时间戳，这样的连接就没有窗口扩大，也没有 SACK。',
    },
  ],
  rfcs: [
    { number: 4987, title: 'TCP SYN Flooding Attacks and Common Mitigations: 2, 3.6 and appendix A' },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.5 and 3.10.7.2' },
    { number: 6298, title: "Computing TCP's Retransmission Timer: 5.5" },
  ],
  setup: {
    hosts: {
      client: { role: 'client' },
      server: {
        role: 'server',
        tcp: { synBacklog: SYN_BACKLOG, acceptBacklog: ACCEPT_BACKLOG, synRetries: 3 },
      },
    },
    links: { link: { a: 'client', b: 'server', up: { delay: DELAY }, down: { delay: DELAY } } },
    apps: {
      crowd: {
        ...{ kind: 'tcp-crowd', host: 'client', to: 'server', port: 80 },
        ...{ clients: CLIENTS, every: EVERY, patience: PATIENCE, question: 100, answer: 1_000 },
      },
      flood: { kind: 'syn-flood', host: 'client', to: 'server', port: 80, ...FLOOD },
      server: { kind: 'tcp-answer', host: 'server', port: 80, question: 100, answer: 1_000 },
    },
  },
  lanes: [
    { id: 'calm', label: { en: 'A crowd', zh: '一群客户' }, without: ['flood'] },
    {
      id: 'slow',
      label: { en: 'Slow accept', zh: 'accept 太慢' },
      set: { 'apps.server.acceptDelay': SLOW },
      without: ['flood'],
    },
    { id: 'flood', label: { en: 'SYN flood', zh: 'SYN 洪水' } },
    {
      id: 'cookies',
      label: { en: 'SYN flood, SYN cookies', zh: 'SYN 洪水，开 SYN cookie' },
      set: { [`${SERVER}.synCookies`]: true },
    },
  ],
  knobs: [
    {
      id: 'syn-backlog',
      label: { en: 'SYN queue', zh: '半连接队列上限' },
      hint: {
        en: 'A larger queue only takes longer to fill: at 100 SYNs a second not much longer.',
        zh: '队列再长，也只是晚一点满；每秒 100 个 SYN，晚不了多少。',
      },
      group: 'tcp',
      paths: [`${SERVER}.synBacklog`],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 4_096,
      step: 1,
    },
    {
      id: 'accept-backlog',
      label: { en: 'Accept queue', zh: '全连接队列上限' },
      group: 'tcp',
      paths: [`${SERVER}.acceptBacklog`],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 1_024,
      step: 1,
    },
    {
      id: 'timestamps',
      label: { en: 'Server offers timestamps', zh: '服务器支持时间戳' },
      hint: {
        en: 'Without them a cookie has nowhere to put window scale and SACK.',
        zh: '没有时间戳，cookie 就没有地方记窗口扩大和 SACK。',
      },
      group: 'tcp',
      paths: [`${SERVER}.timestamps`],
      kind: 'switch',
    },
    {
      id: 'syn-retries',
      label: { en: 'SYN-ACK retries', zh: 'SYN-ACK 重发次数' },
      hint: {
        en: 'How often an unanswered SYN-ACK is repeated before its place in the queue is free again.',
        zh: '没有回音的 SYN-ACK 重发几次之后，才腾出它在队列里的位子。',
      },
      group: 'tcp',
      paths: [`${SERVER}.synRetries`],
      kind: 'number',
      unit: 'count',
      min: 0,
      max: 6,
      step: 1,
    },
    {
      id: 'flood-rate',
      label: { en: 'SYNs of the flood', zh: '洪水的速率' },
      hint: { en: 'A second.', zh: '每秒的 SYN 数。' },
      group: 'application',
      paths: ['apps.flood.rate'],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 2_000,
      step: 1,
    },
    {
      id: 'clients',
      label: { en: 'Clients', zh: '客户数' },
      group: 'application',
      paths: ['apps.crowd.clients'],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 200,
      step: 1,
    },
    {
      id: 'every',
      label: { en: 'Between two clients', zh: '客户的间隔' },
      hint: { en: '0: all come at the same moment.', zh: '0：同时到来。' },
      group: 'application',
      paths: ['apps.crowd.every'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 200_000,
      step: 1_000,
    },
    {
      id: 'patience',
      label: { en: 'Patience of a client', zh: '客户的耐心' },
      group: 'application',
      paths: ['apps.crowd.patience'],
      kind: 'number',
      unit: 'us',
      min: 100_000,
      max: 10_000_000,
      step: 100_000,
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay') },
    { ...LINK_KNOBS.loss, paths: bothWays('loss.rate') },
  ],
  expectations: [
    {
      id: 'calm-served',
      text: { en: 'With room in both queues everybody is served', zh: '两个队列都有空位，人人得到服务' },
      metric: 'calm/crowd_served_share',
      op: '=',
      value: 1,
      unit: 'ratio',
      why: {
        en: 'A connection is half open for one round trip of 100 ms; of clients that come every 100 ms hardly more than one is so at a time.',
        zh: '一条连接只半开一个往返，即 100 毫秒；客户每 100 毫秒来一个，同时半开的难得超过一个。',
      },
      given: AS_SET,
    },
    {
      id: 'calm-wait',
      text: { en: 'After two round trips: 200 ms', zh: '只等两个往返：200 毫秒' },
      metric: 'calm/crowd_wait_median',
      op: '=',
      value: 4 * DELAY,
      tolerance: LESS_THAN_ONE_MORE,
      unit: 'us',
      why: {
        en: 'One for SYN and SYN-ACK, one for question and answer.',
        zh: '一个用于 SYN 和 SYN-ACK，一个用于提问和回答。',
      },
      given: AS_SET,
    },
    {
      id: 'accept-queue',
      text: { en: 'A slow accept fills the accept queue: 4', zh: 'accept 太慢，全连接队列排满：4 个' },
      metric: 'slow/accept_queue_max',
      op: '=',
      value: ACCEPT_BACKLOG,
      unit: 'count',
      why: {
        en: 'In the second that each waits, 10 more come.',
        zh: '每个连接等待的 1 秒里，又来了 10 个。',
      },
      given: AS_SET,
    },
    {
      id: 'slow-turned-away',
      text: { en: 'And SYNs and ACKs are ignored', zh: '于是有 SYN 和 ACK 被忽略' },
      metric: 'slow/connections_turned_away',
      op: '>',
      value: 0,
      unit: 'count',
      why: {
        en: 'A full queue takes nobody; silence makes the client try again, a RST would not.',
        zh: '队列满了就不收；沉默会让客户重试，RST 则不会。',
      },
      given: AS_SET,
    },
    {
      id: 'slow-served',
      text: { en: 'So that more than a third go unserved', zh: '三分之一以上的客户空手而归' },
      metric: 'slow/crowd_served_share',
      op: '<',
      value: 2 / 3,
      unit: 'ratio',
      why: {
        en: 'The queue lets 4 pass a second; 10 come, and each has one more try before it loses patience.',
        zh: '队列每秒放行 4 个，却来了 10 个，而每个客户在失去耐心之前只能再试一次。',
      },
      given: AS_SET,
    },
    {
      id: 'flood-queue',
      text: { en: 'The flood fills the SYN queue: 16', zh: '洪水占满半连接队列：16 个' },
      metric: 'flood/syn_queue_max',
      op: '=',
      value: SYN_BACKLOG,
      unit: 'count',
      why: {
        en: 'It takes 160 ms; a place is free again 15 s later, after 3 retries.',
        zh: '只要 160 毫秒；而空出一个位子要等 3 次重发之后，即 15 秒。',
      },
      given: AS_SET,
    },
    {
      id: 'flood-served',
      text: { en: 'Less than half of the honest clients are served', zh: '诚实的客户得到服务的不到一半' },
      metric: 'flood/crowd_served_share',
      op: '<',
      value: 0.5,
      unit: 'ratio',
      why: {
        en: 'Those who came in the first second, before the flood.',
        zh: '只有头一秒、洪水之前来的那些。',
      },
      given: AS_SET,
    },
    {
      id: 'cookies-served',
      text: { en: 'With SYN cookies all of them are', zh: '开了 SYN cookie，个个都得到服务' },
      metric: 'cookies/crowd_served_share',
      op: '=',
      value: 1,
      unit: 'ratio',
      why: {
        en: 'A full queue does not matter when nothing has to be remembered.',
        zh: '什么都不必记，队列满不满就无所谓了。',
      },
      given: AS_SET,
    },
    {
      id: 'cookies-queue',
      text: { en: 'Though the SYN queue is just as full', zh: '尽管半连接队列同样是满的' },
      metric: 'cookies/syn_queue_max',
      op: '=',
      value: SYN_BACKLOG,
      unit: 'count',
      why: { en: 'Cookies do not keep the flood out.', zh: 'cookie 并不挡住洪水。' },
      given: AS_SET,
    },
    {
      id: 'cookies-accepted',
      text: {
        en: 'More than half of them by a cookie that came back',
        zh: '其中一半以上靠送回的 cookie 建立连接',
      },
      metric: 'cookies/syn_cookies_accepted',
      op: '>',
      value: CLIENTS / 2,
      unit: 'count',
      why: {
        en: 'All who come after the first second; none of the forged SYNs among them, for their senders never see the answer.',
        zh: '第一秒之后来的都是。伪造的 SYN 一个也不在其中，因为发送者看不到应答。',
      },
      given: AS_SET,
    },
    {
      id: 'cookies-wait',
      text: { en: 'And none of them waits longer', zh: '而且谁也没有多等' },
      metric: 'cookies/crowd_wait_median',
      op: '=',
      value: 4 * DELAY,
      tolerance: LESS_THAN_ONE_MORE,
      unit: 'us',
      why: {
        en: 'The answer to a SYN takes as long with a cookie as without.',
        zh: '带不带 cookie，应答一个 SYN 都一样快。',
      },
      given: AS_SET,
    },
  ],
  views: ['listener', 'ladder', 'packets', 'states', 'topology'],
  duration: 30_000_000,
  prediction: {
    question: {
      en: 'Somebody sends 100 SYNs a second to a server whose SYN queue holds 16; 10 honest clients come in the same second. The link could carry a hundred times as much. Who is served?',
      zh: '有人每秒向服务器发 100 个 SYN，同一秒里还来了 10 个诚实的客户；半连接队列容得下 16 个，链路则再多一百倍也装得下。谁能得到服务？',
    },
    choices: [
      {
        text: {
          en: 'Nearly everybody: there is enough bandwidth for all',
          zh: '几乎所有人：带宽够大家用',
        },
        right: false,
        because: {
          en: 'Bandwidth is not what is scarce. A place in the queue is, and each forged SYN keeps one for 15 s.',
          zh: '缺的不是带宽，而是队列里的位子，每个伪造的 SYN 都要占它 15 秒。',
        },
      },
      {
        text: {
          en: 'One in eleven: the queue is shared fairly among all SYNs',
          zh: '十一分之一：所有 SYN 公平分享队列',
        },
        right: false,
        because: {
          en: 'It would be so if places became free all the time. They do not: who gets in first stays.',
          zh: '如果位子不断空出来，倒是如此。可是先占的不走。',
        },
      },
      {
        text: {
          en: 'Nobody who comes after the first 160 ms of the flood, unless the server remembers nobody',
          zh: '洪水开始 160 毫秒之后来的都不行，除非服务器谁也不记',
        },
        right: true,
        because: {
          en: 'To remember a stranger costs memory, and memory is bounded. A cookie lets the client remember for the server.',
          zh: '记住陌生人要花内存，而内存有限。cookie 是让客户端替服务器记着。',
        },
      },
    ],
  },
}
