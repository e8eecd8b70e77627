/** 0-RTT: a request in the first flight of a connection, what it saves, and what a copy of that flight may do. */
import type { ExperimentInput, Json, Text } from '../experiment.ts'
import { browser, FITTING_CHAIN, QUIC_KNOBS, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

const POLICY = 'apps.site.tls.earlyData'
const REPLAY_AT = 'apps.attacker.at'
const COPIES = 'apps.attacker.times'
/** When the second connection begins, and when its first flight is sent once more: the server has let go of it by then (RFC 9000 10.2). */
const SECOND = 2_000_000
const REPLAY = 9_000_000

const FIRST = { target: '/' }
const ORDER = { method: 'POST', target: '/orders', body: 200, at: SECOND, after: true } as const

/** Copies that come soon enough: a ticket must not look ten seconds older or younger than its user says (RFC 8446 8.3). */
const ONE_COPY = [is(COPIES, 1), is(REPLAY_AT, REPLAY)]

const lane = (id: string, label: Text, set: Record<string, Json>): ExperimentInput['lanes'][number] => ({
  id,
  label,
  set,
})

const firstByte = (
  of: string,
  value: number,
  text: Text,
  why: Text,
): ExperimentInput['expectations'][number] => ({
  id: `${of}-first-byte`,
  text,
  metric: `${of}/last_first_byte_rtts`,
  op: '=',
  value,
  tolerance: withinRoundTrips(value),
  unit: 'rtt',
  why,
  given: FITTING_CHAIN,
})

const orders = (
  of: string,
  value: number,
  text: Text,
  why: Text,
): ExperimentInput['expectations'][number] => ({
  id: `${of}-orders`,
  text,
  metric: `${of}/orders`,
  op: '=',
  value,
  unit: 'count',
  why,
  given: [...UNDISTURBED, ...ONE_COPY],
})

export const quic0Rtt: ExperimentInput = {
  id: 'quic-0rtt',
  chapter: 'quic',
  title: { en: '0-RTT, and its replay', zh: '0-RTT 与重放' },
  question: {
    en: 'A client that comes back may send its request at once, before any handshake. What does it save, and what can someone do who sends the same packets a second time?',
    zh: '再次来访的客户端可以不等握手，立即发出请求。这能省下什么？如果有人把同样的包再发一遍，又会怎样？',
  },
  narrative: [
    {
      en: 'Each lane opens two connections. The first one fetches a page; when its handshake is done, the server sends a ticket (NewSessionTicket), which holds a secret of this session, readable for the server alone. The second connection, a while later, places an order with POST. In the first lane nothing is remembered: both connections pay a round trip for the handshake and one for the request.',
      zh: '每组打开两条连接。第一条取一个页面；握手完成后，服务器发来一张票据（NewSessionTicket），里面装着本次会话的秘密，只有服务器读得懂。过一会儿，第二条连接用 POST 下一个订单。第一组什么也不记：两条连接都要为握手付 1 个往返，再为请求付 1 个。',
    },
    {
      en: 'In the second lane the second connection resumes the session. This saves the certificates and the signature and not a single round trip: the client still waits for the key share of the server. In the third lane it does not wait. From the secret of the ticket it makes keys for early data and sends the POST in 0-RTT packets right behind its ClientHello, with the limits (credit, streams) that it remembers from the last time. “0-RTT” counts what passes before the request leaves; the answer still takes its one round trip, as light does.',
      zh: '第二组里，第二条连接恢复会话。省下的是证书和签名，往返一个也没少：客户端照样要等服务器的密钥份额。第三组则不等了：它用票据里的秘密导出早期数据的密钥，紧跟着 ClientHello 就用 0-RTT 包发出 POST，额度、流数等限额沿用上次记下的。所谓“0-RTT”，说的是请求发出之前等了多久；响应仍然要走它那 1 个往返，光速如此。',
    },
    {
      en: 'There is a price. The keys of early data depend on the ticket alone, not on anything fresh from the server. So they have no forward secrecy: whoever gets hold of the server’s ticket key reads them later. And the server cannot tell from the packets themselves whether it sees them for the first time. An attacker who has recorded the first flight need not be able to read it in order to send it again. He does so in every lane, with exactly the same bytes, when the server has let go of the connection that they had opened; until then it would take them for repetitions.',
      zh: '这是有代价的。早期数据的密钥只取决于票据，不含服务器当场给出的任何新东西。所以它没有前向保密：谁拿到服务器的票据密钥，日后就能解密。而且，单凭包本身，服务器看不出自己是不是第一次见到它们。攻击者录下第一次发送的那些包，不必读懂，就能再发一遍。每一组里他都这么做了，字节一个不差，只是等到服务器已经放下它们开启的那条连接；在那之前，服务器会把它们当作重传。',
    },
    {
      en: 'Where no early data are sent, the copy is harmless: the server answers, but the attacker does not have the client’s keys and never gets to the Finished; no request is carried out. A server that remembers which tickets it has taken early data for (RFC 8446 8.1) refuses the copy. A server without any defence carries out the order a second time: two orders, one of which nobody made. The answer to the copy nobody can read, but that is of no use: the harm is done by the request.',
      zh: '不发早期数据时，重放没有害处：服务器会应答，但攻击者没有客户端的密钥，永远发不出 Finished，什么请求也不会执行。服务器若记住哪些票据的早期数据已经收过（RFC 8446 8.1），就会拒绝这份副本。毫无防备的服务器则会把订单再执行一遍：两个订单，其中一个没有人下过。副本得到的响应谁也读不懂，可这无济于事，造成损害的是请求本身。',
    },
    {
      en: 'A memory of tickets is easy to keep on one server and hard on a thousand. Therefore the protocol leaves the last word to the application: early data are for requests that may be done twice without harm, as GET should be (RFC 8470; RFC 9001 9.2), and a server may answer 425, Too Early. This client is careless on purpose.',
      zh: '在一台服务器上记住票据很容易，在一千台上就难了。所以协议把最后的决定留给应用：早期数据只该装那些重复执行也无妨的请求，GET 本应如此（RFC 8470；RFC 9001 9.2）；服务器也可以答复 425（Too Early）。这里的客户端是故意不小心的。',
    },
    {
      en: 'In the last lane the client uses its ticket twice, for another page and 100 ms later for the order, which it had better not (RFC 8446 C.4). The server takes the early data of the first connection and refuses those of the second. It still takes up the session; the client learns of the refusal with the server’s first flight and sends the request again, under the keys of the connection: nothing is lost but what was hoped for.',
      zh: '最后一组里，客户端把一张票据用了两次，先取页面，100 毫秒后下订单，这种做法并不可取（RFC 8446 C.4）。服务器收下第一条连接的早期数据，拒绝第二条的，但会话照样恢复。客户端从服务器的第一次答复中得知被拒，用连接自己的密钥把请求重发一遍：除了落空的指望，什么也没损失。',
    },
  ],
  rfcs: [
    { number: 9001, title: 'Using TLS to Secure QUIC: 4.6 and 9.2' },
    {
      number: 8446,
      title: 'The Transport Layer Security (TLS) Protocol Version 1.3: 2.3, 4.2.10, 4.6.1 and 8',
    },
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 7.4.1' },
    { number: 8470, title: 'Using Early Data in HTTP' },
    { number: 9114, title: 'HTTP/3: 10.9' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    // Long, because handshakes compute on one processor in a live run.
    links: webLink(150_000),
    apps: {
      site: site(
        { '/': { size: 1_000, type: 'text/plain' }, '/orders': { behaviour: 'orders' } },
        { tls: { resumption: true, earlyData: 'once' } },
      ),
      browser: browser([FIRST, ORDER], {
        reuse: false,
        tls: { resumption: true, earlyData: true },
      }),
      attacker: {
        kind: 'replayer',
        host: 'client',
        to: 'server',
        port: 443,
        connection: 2,
        at: REPLAY,
        times: 1,
      },
    },
  },
  lanes: [
    lane(
      'full',
      { en: 'Nothing remembered', zh: '不记会话' },
      {
        'apps.browser.tls.resumption': false,
        'apps.browser.tls.earlyData': false,
        'apps.site.tls.resumption': false,
        [POLICY]: 'refuse',
      },
    ),
    lane(
      'resumed',
      { en: 'Resumed, without early data', zh: '恢复会话，不发早期数据' },
      { 'apps.browser.tls.earlyData': false, [POLICY]: 'refuse' },
    ),
    lane('once', { en: '0-RTT, each ticket once', zh: '0-RTT，每张票据只收一次' }, { [POLICY]: 'once' }),
    lane('always', { en: '0-RTT without any defence', zh: '0-RTT，毫无防备' }, { [POLICY]: 'always' }),
    lane(
      'refused',
      { en: '0-RTT refused: the ticket is used', zh: '0-RTT 被拒：票据已用过' },
      {
        [POLICY]: 'once',
        'apps.browser.requests': [
          FIRST,
          { target: '/', at: SECOND, after: true },
          { ...ORDER, at: SECOND + 100_000, after: false },
        ],
        'apps.attacker.connection': 3,
      },
    ),
  ],
  knobs: [
    {
      id: 'copies',
      label: { en: 'Copies of the first flight', zh: '重放的次数' },
      group: 'application',
      paths: [COPIES],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 20,
      step: 1,
    },
    {
      id: 'replay-at',
      label: { en: 'When they are sent', zh: '何时重放' },
      hint: {
        en: 'From the start of the run. Soon, and the server still has the connection and takes the copies for repetitions; later than ten seconds after it was opened, and the ticket looks older than its user says, which even a server without a memory refuses (RFC 8446 8.3).',
        zh: '从运行开始算起。太早，服务器还留着那条连接，会把副本当作重传；比连接开启晚十秒以上，票据看起来就比持有者声称的更旧，不作记录的服务器也会拒绝（RFC 8446 8.3）。',
      },
      group: 'application',
      paths: [REPLAY_AT],
      kind: 'number',
      unit: 'us',
      min: 3_000_000,
      max: 30_000_000,
      step: 100_000,
    },
    ...PATH_KNOBS,
    QUIC_KNOBS.certificate,
  ],
  expectations: [
    firstByte(
      'full',
      2,
      { en: 'A new connection answers after 2 round trips', zh: '全新的连接 2 个往返后有响应' },
      { en: 'Handshake and request, one each.', zh: '握手一个，请求一个。' },
    ),
    firstByte(
      'resumed',
      2,
      { en: 'A resumed one, too', zh: '恢复会话同样是 2 个' },
      {
        en: 'RFC 8446 (2.2): the exchange of key shares takes place all the same. What is saved is certificates and signature.',
        zh: 'RFC 8446（2.2）：密钥份额照样要交换。省下的是证书和签名。',
      },
    ),
    firstByte(
      'once',
      1,
      { en: 'With 0-RTT after one', zh: '用 0-RTT 只要 1 个' },
      {
        en: 'RFC 8446 (2.3), RFC 9001 (4.6): the request leaves together with the ClientHello. Counted from the first packet of the second connection.',
        zh: 'RFC 8446（2.3）、RFC 9001（4.6）：请求与 ClientHello 一同发出。从第二条连接的第一个包算起。',
      },
    ),
    firstByte(
      'refused',
      2,
      { en: 'Where it is refused, after 2 again', zh: '被拒时又回到 2 个' },
      {
        en: 'RFC 9001 (4.6.2): the client hears of it with the server’s first flight, one round trip later, and sends the request again.',
        zh: 'RFC 9001（4.6.2）：客户端 1 个往返后从服务器的第一次答复得知，于是重发请求。',
      },
    ),
    {
      id: 'accepted',
      text: { en: 'The server has taken early data once', zh: '服务器收下了 1 次早期数据' },
      metric: 'once/early_data_accepted',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Of the client: its second connection. The copy is not taken.',
        zh: '客户端的第二条连接。副本没有收。',
      },
      given: [...UNDISTURBED, ...ONE_COPY],
    },
    orders(
      'full',
      1,
      { en: 'Replayed without early data: one order', zh: '没有早期数据，重放之后：1 个订单' },
      {
        en: 'In the first flight there is no request yet, and without the client’s secrets the attacker gets no further (RFC 8446 E.1).',
        zh: '第一次发送里还没有请求，而没有客户端的秘密，攻击者走不到下一步（RFC 8446 E.1）。',
      },
    ),
    orders(
      'once',
      1,
      { en: 'Replayed, each ticket good once: one order', zh: '每张票据只收一次，重放之后：1 个订单' },
      {
        en: 'RFC 8446 (8.1): the ticket of the copy has been used, so its early data are dropped, and the handshake never ends.',
        zh: 'RFC 8446（8.1）：副本的票据已经用过，早期数据被丢弃，而握手永远完成不了。',
      },
    ),
    orders(
      'always',
      2,
      { en: 'Replayed without any defence: two', zh: '毫无防备，重放之后：2 个订单' },
      {
        en: 'RFC 9001 (9.2): early data can be replayed. The server finds the ticket valid and the packets authentic, since they are.',
        zh: 'RFC 9001（9.2）：早期数据可以重放。服务器看到票据有效、包也真实，因为它们确实如此。',
      },
    ),
    orders(
      'refused',
      1,
      { en: 'Refused and sent again: one order', zh: '被拒后重发：1 个订单' },
      {
        en: 'Early data that are refused are dropped unread, so the request counts once only.',
        zh: '被拒的早期数据未经解读就丢弃，所以请求只算一次。',
      },
    ),
  ],
  views: ['quic', 'ladder', 'tls', 'keys', 'waterfall', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'An attacker records the first flight of a 0-RTT connection, which he cannot decrypt, and sends it to the server again. What can come of it?',
      zh: '攻击者录下一条 0-RTT 连接的第一次发送，虽然解不开，却原样再发给服务器。会发生什么？',
    },
    choices: [
      {
        text: { en: 'Nothing: he has no key', zh: '什么也不会发生：他没有密钥' },
        right: false,
        because: {
          en: 'He needs none. The packets are already encrypted, and rightly so.',
          zh: '他不需要密钥。这些包本来就加好了密，而且加得没错。',
        },
      },
      {
        text: {
          en: 'The request may be carried out a second time',
          zh: '请求可能被执行第二次',
        },
        right: true,
        because: {
          en: 'Unless the server remembers what it has taken. He cannot read the answer, but the order is made.',
          zh: '除非服务器记得自己收过什么。他读不懂响应，但订单已经下了。',
        },
      },
      {
        text: {
          en: 'Nothing: packet numbers are never used twice, so the copy is dropped as a duplicate',
          zh: '什么也不会发生：包号从不重复，副本会当作重复包丢弃',
        },
        right: false,
        because: {
          en: 'That holds within a connection. The copy begins a new one, whose numbers begin at 0.',
          zh: '这只在同一条连接内成立。副本开启的是一条新连接，包号从 0 算起。',
        },
      },
    ],
  },
}
