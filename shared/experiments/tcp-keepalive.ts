/** TCP KeepAlive 与 HTTP Keep-Alive: probes to a peer that lives, one that crashed and one that was started anew, and HTTP's idle timeout. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is } from './web.ts'

const DELAY = 20_000
const IDLE = 5_000_000
const INTERVAL = 1_000_000
const COUNT = 3
const CRASH = 2_000_000
const RESTART = 3_500_000
const HTTP_IDLE = 3_000_000

const CLIENT = 'hosts.client.tcp'
const POWER = 'hosts.server.power'
const HTTP = ['browser', 'site']
const TCP = ['talker', 'listener']

const UNDISTURBED = [
  ...bothWays('loss.rate').map((path) => is(path, 0)),
  ...bothWays('delay').map((path) => is(path, DELAY)),
]
const PROBES = [
  ...UNDISTURBED,
  is(`${CLIENT}.keepAliveIdle`, IDLE),
  is(`${CLIENT}.keepAliveInterval`, INTERVAL),
  is(`${CLIENT}.keepAliveCount`, COUNT),
]

export const tcpKeepalive: ExperimentInput = {
  id: 'tcp-keepalive',
  chapter: 'tcp-connections',
  title: { en: 'TCP keep-alive and HTTP keep-alive', zh: 'TCP KeepAlive 与 HTTP Keep-Alive' },
  question: {
    en: 'A connection is silent. Is the peer still there, and does anybody want to know? TCP and HTTP both call something keep-alive, and mean the opposite.',
    zh: '连接上一片沉默。对方还在吗？有谁想知道？TCP 和 HTTP 都有一个叫 keep-alive 的东西，意思却恰好相反。',
  },
  narrative: [
    {
      en: 'A TCP connection on which nobody speaks costs no packet at all. That is a strength: it survives an hour without network. But then neither end notices when the other is gone. In the lower lanes the server crashes after 2 s, without a FIN or a RST, as a power failure does it.',
      zh: 'TCP 连接上没人说话时，一个包也不发。这是长处：断网一小时，连接照样在。可是一端没了，另一端也毫不知情。第二、三组里，服务器在 2 秒时突然断电，既没有 FIN，也没有 RST。',
    },
    {
      en: 'TCP’s keep-alive (RFC 9293 3.8.4) asks. After so long without a segment from the peer, here 5 s, it sends a probe: a segment without data whose sequence number is one too low. Nothing is wrong with it but that it is old, and an old segment has to be answered with an ACK that says what is expected next. In the first lane the peer lives and answers each probe, and the idle time begins anew. The application hears nothing of it on either side.',
      zh: 'TCP 的保活（RFC 9293 3.8.4）就是去问一声。多久没收到对方的报文段（这里是 5 秒），就发一个探测：不带数据，序列号比该用的小一。它除了“旧”没有别的毛病，而收到旧报文段必须回一个 ACK，说明期待的是哪个字节。第一组里对方活着，有问必答，空闲时间随之重新计算。两端的应用程序都毫无察觉。',
    },
    {
      en: 'In the second lane nobody answers. One lost probe proves nothing, packets do get lost; so it asks again every second, and after 3 probes without an answer the connection is given up: 8 s after the last sign of life, the idle time and three intervals. By default it takes far longer: RFC 9293 demands that the idle time be no less than 2 hours unless set otherwise, and that keep-alive be off unless asked for.',
      zh: '第二组里没有人回答。一个探测没有回音说明不了什么，包本来就会丢；于是每隔一秒再问一次，连问 3 次没有回音，就放弃连接：距最后一次听到对方 8 秒，即空闲时间加三个间隔。默认值要长得多：RFC 9293 规定，保活默认关闭，空闲时间若不另设，不得短于 2 小时。',
    },
    {
      en: 'In the third lane the server is started again after 3.5 s. It knows nothing of the connection, so it answers the first probe like any segment of no connection: with a RST. That tells more than silence does, and sooner. Only silence needs patience.',
      zh: '第三组里，服务器在 3.5 秒时重新开机。它不认识这条连接，对第一个探测就像对任何来路不明的报文段一样，回一个 RST。这比沉默说得更明白，也更快。需要耐心的只有沉默。',
    },
    {
      en: 'HTTP’s keep-alive is another matter: it is about using a connection again, and it lets go of idle ones. In the fourth lane a client asks at 0, 2 and 4 s. Each time the connection of before is used, so only the first request pays for a handshake. Then it is silent, and after 3 s the server closes the connection, though the client lives and TCP would keep it for ever: an idle connection occupies memory. The request at 9 s has to open a new one. No probe is ever sent, since no connection is idle for 5 s.',
      zh: 'HTTP 的 keep-alive 是另一回事：它讲的是连接的复用，而且会放掉闲置的连接。第四组里，客户端在 0、2、4 秒各发一个请求，后两次都沿用已有的连接，只有第一次要握手。随后一阵沉默，3 秒一到，服务器就关掉连接，尽管客户端活着，TCP 也可以一直留着它：闲置的连接要占内存。9 秒时的请求只好新建一条。其间没有发过一个 TCP 探测，因为没有连接闲到 5 秒。',
    },
    {
      en: 'So one asks whether the peer is alive, the other hangs up though it is. Neither replaces the other, nor does either replace a heartbeat of the application: that a host’s TCP answers does not mean that its program still does.',
      zh: '一个问对方还在不在，一个明知对方在也要挂断，彼此不能替代。两者也都代替不了应用层的心跳：主机的 TCP 有应答，不等于上面的程序还在干活。',
    },
  ],
  rfcs: [
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.5.1 (half-open connections) and 3.8.4' },
    { number: 9112, title: 'HTTP/1.1: 9.3 (Persistence) and 9.5 (Failures and Timeouts)' },
    { number: 1122, title: 'Requirements for Internet Hosts: 4.2.3.6' },
  ],
  setup: {
    hosts: {
      client: {
        role: 'client',
        tcp: { keepAliveIdle: IDLE, keepAliveInterval: INTERVAL, keepAliveCount: COUNT },
      },
      server: { role: 'server' },
    },
    links: { link: { a: 'client', b: 'server', up: { delay: DELAY }, down: { delay: DELAY } } },
    apps: {
      talker: {
        ...{ kind: 'tcp-send', host: 'client', to: 'server', port: 5_001 },
        ...{ bytes: 100, close: false },
      },
      listener: { kind: 'tcp-sink', host: 'server', port: 5_001 },
      browser: {
        ...{ kind: 'http-client', host: 'client', to: 'server', port: 80 },
        requests: [0, 2_000_000, 4_000_000, 9_000_000].map((at) => ({ target: '/', at })),
      },
      site: {
        ...{ kind: 'http-server', host: 'server', port: 80, versions: ['http/1.1'] },
        keepAlive: HTTP_IDLE,
        resources: { '/': { size: 1_000 } },
      },
    },
  },
  lanes: [
    { id: 'alive', label: { en: 'TCP, the peer lives', zh: 'TCP，对方活着' }, without: HTTP },
    { id: 'crashed', label: { en: 'TCP, the peer has crashed', zh: 'TCP，对方断电' }, without: HTTP },
    { id: 'restarted', label: { en: 'TCP, the peer was started anew', zh: 'TCP，对方重启' }, without: HTTP },
    { id: 'http', label: { en: 'HTTP/1.1, idle timeout', zh: 'HTTP/1.1，空闲超时' }, without: TCP },
  ],
  steps: [
    {
      at: CRASH,
      text: {
        en: 'Lanes 2 and 3: the server loses power',
        zh: '第二、三组：服务器断电',
      },
      set: { [POWER]: 'off' },
      lanes: ['crashed', 'restarted'],
    },
    {
      at: RESTART,
      text: { en: 'Lane 3: it is started again', zh: '第三组：服务器重新开机' },
      set: { [POWER]: 'on' },
      lanes: ['restarted'],
    },
  ],
  knobs: [
    {
      id: 'idle',
      label: { en: 'Idle time before a probe', zh: '空闲多久开始探测' },
      hint: {
        en: '0: keep-alive is off, as it is by default; then nobody notices the crash.',
        zh: '0：关闭保活，这也是默认；那样就没有人发现断电。',
      },
      group: 'tcp',
      paths: [`${CLIENT}.keepAliveIdle`],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 15_000_000,
      step: 100_000,
    },
    {
      id: 'interval',
      label: { en: 'Between two probes', zh: '探测的间隔' },
      group: 'tcp',
      paths: [`${CLIENT}.keepAliveInterval`],
      kind: 'number',
      unit: 'us',
      min: 100_000,
      max: 5_000_000,
      step: 100_000,
    },
    {
      id: 'count',
      label: { en: 'Probes without an answer', zh: '几次没有回音才放弃' },
      group: 'tcp',
      paths: [`${CLIENT}.keepAliveCount`],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 9,
      step: 1,
    },
    {
      id: 'http-idle',
      label: { en: 'Idle timeout of the HTTP server', zh: 'HTTP 服务器的空闲超时' },
      group: 'http',
      paths: ['apps.site.keepAlive'],
      kind: 'number',
      unit: 'us',
      min: 500_000,
      max: 12_000_000,
      step: 500_000,
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay') },
    {
      ...LINK_KNOBS.loss,
      hint: {
        en: 'Share of packets lost in each direction, probes and their answers among them. No claim is made then.',
        zh: '每个方向随机丢失的比例，探测和回音也不例外。打开后不再作断言。',
      },
      paths: bothWays('loss.rate'),
    },
  ],
  expectations: [
    {
      id: 'alive-probes',
      text: {
        en: 'A silent peer that lives is asked 3 times in the 18 s',
        zh: '沉默但活着的对方，18 秒里被问了 3 次',
      },
      metric: 'alive/keep_alives',
      op: '=',
      value: 3,
      unit: 'count',
      why: {
        en: 'Each answer begins the 5 s anew, so one probe each time is enough.',
        zh: '每次回音都让那 5 秒重新算起，所以每次问一声就够。',
      },
      given: PROBES,
    },
    {
      id: 'alive-open',
      text: { en: 'And its connection stays', zh: '连接一直都在' },
      metric: 'alive/connections_left',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'At the end of the run the server still has it, and so has the client: who answers is kept.',
        zh: '运行结束时，服务器还留着它，客户端也留着：有问必答，就不会被放弃。',
      },
      given: PROBES,
    },
    {
      id: 'crashed-found',
      text: { en: 'A crashed peer is found out after 8 s of silence', zh: '对方断电，沉默 8 秒后被发现' },
      metric: 'crashed/dead_peer_found',
      op: '=',
      value: IDLE + COUNT * INTERVAL,
      tolerance: 0.02,
      unit: 'us',
      why: {
        en: 'RFC 9293 (3.8.4): the idle time, then as many intervals as there are probes. The time of the crash does not matter, only when the peer was heard last.',
        zh: 'RFC 9293（3.8.4）：先是空闲时间，再加上与探测次数一样多的间隔。何时断电无关紧要，要紧的是最后一次听到对方的时刻。',
      },
      given: PROBES,
    },
    {
      id: 'crashed-probes',
      text: { en: 'By 3 probes that nobody answers', zh: '靠 3 个没有回音的探测' },
      metric: 'crashed/keep_alives',
      op: '=',
      value: COUNT,
      unit: 'count',
      why: {
        en: 'One without an answer must not be taken for a dead connection (RFC 9293 3.8.4): it may be lost.',
        zh: '只有一个没回音，不能就此断定连接已死（RFC 9293 3.8.4）：它也许只是丢了。',
      },
      given: PROBES,
    },
    {
      id: 'restarted-found',
      text: {
        en: 'One that was started anew after 5 s and a round trip: 5.04 s',
        zh: '对方重启过，则只要 5 秒加一个往返：5.04 秒',
      },
      metric: 'restarted/dead_peer_found',
      op: '=',
      value: IDLE + 2 * DELAY,
      tolerance: 0.02,
      unit: 'us',
      why: {
        en: 'It knows nothing of the connection, and says so with a RST (RFC 9293 3.5.1, 3.10.7.1).',
        zh: '它不认识这条连接，于是回 RST 说明（RFC 9293 3.5.1、3.10.7.1）。',
      },
      given: PROBES,
    },
    {
      id: 'restarted-probes',
      text: { en: 'By the first probe', zh: '第一个探测就够' },
      metric: 'restarted/keep_alives',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'An answer, even this one, ends the guessing.',
        zh: '有回音，哪怕是这样的回音，就不必再猜。',
      },
      given: PROBES,
    },
    {
      id: 'http-connections',
      text: { en: 'HTTP needs 2 connections for its 4 requests', zh: 'HTTP 的 4 个请求用了 2 条连接' },
      metric: 'http/connections_opened',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'The first three follow one another within 3 s and share one. Then the server hangs up, and the fourth finds it closed.',
        zh: '前三个相隔都不到 3 秒，合用一条；随后服务器挂断，第四个来时连接已经关了。',
      },
      given: [...UNDISTURBED, is('apps.site.keepAlive', HTTP_IDLE)],
    },
    {
      id: 'http-requests',
      text: { en: 'All of which are answered', zh: '4 个都有应答' },
      metric: 'http/requests_failed',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'The server closes in order, with a FIN: the client knows at once, and asks by a new connection.',
        zh: '服务器用 FIN 正常关闭，客户端立刻知道，便另建一条连接再问。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'http-probes',
      text: { en: 'And TCP never has to ask', zh: '而 TCP 一次也没探测' },
      metric: 'http/keep_alives',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'The server hangs up after 3 s; TCP would ask after 5 s. The shorter of the two decides.',
        zh: '服务器 3 秒就挂断，TCP 要到 5 秒才问。谁短谁说了算。',
      },
      given: [...PROBES, is('apps.site.keepAlive', HTTP_IDLE)],
    },
  ],
  views: ['ladder', 'states', 'packets', 'waterfall', 'topology'],
  duration: 18_000_000,
  prediction: {
    question: {
      en: 'A server loses power in the middle of a silent connection. When does the client’s TCP notice, if nobody writes and keep-alive is off?',
      zh: '连接正沉默着，服务器断电了。客户端没有写数据，也没开保活，它的 TCP 何时发现？',
    },
    choices: [
      {
        text: { en: 'At once: the connection breaks', zh: '立刻：连接断了' },
        right: false,
        because: {
          en: 'There is nothing that could break. A connection is what the two ends remember, and no packet says that one of them has forgotten.',
          zh: '没有什么东西会“断”。连接只是两端的记忆，没有哪个包会来通知一端失忆了。',
        },
      },
      {
        text: { en: 'After two hours', zh: '两小时后' },
        right: false,
        because: {
          en: 'That is how long keep-alive waits at least by default, once it is switched on. It is off.',
          zh: '那是保活打开之后默认至少要等的时间，而它没开。',
        },
      },
      {
        text: { en: 'Never', zh: '永远不会' },
        right: true,
        because: {
          en: 'Who says nothing gets no answer, and its absence proves nothing. Set the idle time to 0 to see it.',
          zh: '不说话，就没有回音；没有回音，也就说明不了什么。把空闲时间设为 0 试试。',
        },
      },
    ],
  },
}
