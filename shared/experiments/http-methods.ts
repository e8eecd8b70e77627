/** GET 与 POST: a response is lost with its connection, and the client tries again. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'
import { is, WEB_HOSTS, webLink } from './web.ts'

/** The server thinks for so long; in this time the way back is cut, so that the request is in and the response lost. */
const THINKING = 200_000
const CUT = 250_000
const MENDED = 900_000
/** The client's patience: it ends after the way back is mended, and before TCP sends the response again. */
const IMPATIENT = 1_000_000
const PATIENT = 5_000_000

const BACK = 'links.link.down.outage.down'
const METHOD = 'apps.shop-client.requests.0.method'
/** What the moments above were chosen for. */
const TIMED = [
  ...bothWays('delay').map((path) => is(path, 50_000)),
  ...bothWays('loss.rate').map((path) => is(path, 0)),
  is('apps.shop.resources./orders.delay', THINKING),
]
const RETRIED = [...TIMED, is('apps.shop-client.timeout', IMPATIENT), is('apps.shop-client.retries', 1)]
const WAITED = [...TIMED, is('apps.shop-client.timeout', PATIENT)]
const GAVE_UP = [...TIMED, is('apps.shop-client.timeout', IMPATIENT), is('apps.shop-client.retries', 0)]

export const httpMethods: ExperimentInput = {
  id: 'http-methods',
  chapter: 'http',
  title: { en: 'GET and POST: safe and idempotent', zh: 'GET 与 POST：安全与幂等' },
  question: {
    en: 'The answer to a request is lost and the client tries again. With which methods does that do harm?',
    zh: '请求的应答丢了，客户端于是重试。对哪些方法来说，这会出问题？',
  },
  narrative: [
    {
      en: 'Each client sends one request to a shop. It arrives, and while the server is still at work the way back breaks. The server finishes and answers into the void. The client has waited for a second now; it gives up the connection, opens another and sends the request again. The way back is in order by then, and the second try succeeds in every row.',
      zh: '每个客户端都向一家网店发一个请求。请求到达了，服务器正在处理，返回方向的链路却断了。服务器处理完毕，应答有去无回。客户端等了一秒，放弃这条连接，另建一条，把请求再发一遍。此时链路已经恢复，每一行的第二次尝试都成功了。',
    },
    {
      en: 'What the client cannot know is where the first try failed: on the way there, in the server, or on the way back. The three look the same to it, a silence. Repeating is right in the first case and may be wrong in the others, so everything depends on what a repetition means to the server.',
      zh: '客户端无从知道第一次究竟败在哪里：去的路上、服务器里，还是回来的路上。在它看来三者一样，都是没有回音。第一种情况重试是对的，另外两种就未必。所以关键在于：对服务器来说，重复一次意味着什么。',
    },
    {
      en: 'GET is safe (RFC 9110, 9.2.1): it asks for nothing to be changed, so it may be repeated, cached and fetched in advance. PUT and DELETE do change something, but they are idempotent (9.2.2): done twice, they leave behind what doing them once would. POST promises neither. Here it creates an order each time it is carried out, and the customer who has clicked once has bought twice.',
      zh: 'GET 是安全的（RFC 9110，9.2.1）：它不要求改变任何东西，所以可以重复、可以缓存、可以预取。PUT 和 DELETE 会改变资源，但它们是幂等的（9.2.2）：做两遍和做一遍的结果相同。POST 两样都不保证。在这里，每执行一次就生成一份订单，客户只点了一下，却买了两份。',
    },
    {
      en: 'Safe and idempotent are promises of the specification, not of the network: nothing stops a site from deleting things upon GET, and then a crawler that follows its links will delete them. That is also why a client should not repeat a POST by itself unless it knows that this POST is harmless (9.2.2). The second row does what it should not.',
      zh: '安全与幂等是规范里的约定，网络并不强制：网站完全可以用 GET 去删东西，结果爬虫顺着链接一路删过去。正因如此，除非确知某个 POST 无害，客户端不应自动重试它（9.2.2）。第二行恰恰做了不该做的事。',
    },
    {
      en: 'The third row makes its POST repeatable. The client invents a key for the order and sends it with every try; the server remembers the keys that it has seen together with its answers, and to a known key it gives the old answer instead of doing the work again. Payment services have worked this way for years; an Idempotency-Key field is being standardised. The fourth row reaches the same with PUT: the client itself chooses the address of the order, so the second try merely writes the same order again.',
      zh: '第三行让 POST 变得可以重复。客户端为这份订单生成一个键，每次尝试都带上；服务器记住见过的键和当时的应答，再遇到同一个键，就把原来的应答发回去，而不再执行一遍。支付服务多年来都是这样做的，Idempotency-Key 字段也正在标准化。第四行用 PUT 达到同样的效果：订单的网址由客户端选定，第二次只是把同一份订单又写了一遍。',
    },
    {
      en: 'Is it not the job of TCP to repair losses? It is, within a connection. Make the client patient and see: TCP sends the lost response again by itself, there is no second try, and one order. But when the connection is given up, what TCP had not delivered yet is gone with it, and the question of what was done is back with the application. Set the retries to none, and the client reports a failure although the order stands.',
      zh: '修复丢包不是 TCP 的事吗？是的，但只在一条连接之内。把客户端的耐心调长就能看到：TCP 自己重传了丢失的响应，没有第二次尝试，订单只有一份。可是连接一旦放弃，TCP 尚未送达的东西也随之消失，“到底做了没有”这个问题又回到应用层。把重试次数设为零，客户端报告失败，而订单其实已经生成。',
    },
  ],
  rfcs: [
    { number: 9110, title: 'HTTP Semantics: 9.2.1 (Safe Methods), 9.2.2 (Idempotent Methods) and 9.3' },
    { number: 9293, title: 'Transmission Control Protocol (TCP): 3.8.1 (Retransmission Timeout)' },
    { number: 6298, title: "Computing TCP's Retransmission Timer" },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(50_000),
    apps: {
      'shop-client': {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        timeout: IMPATIENT,
        retries: 1,
        requests: [{ method: 'POST', target: '/orders', body: 200 }],
      },
      shop: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['http/1.1'],
        resources: {
          '/orders': { type: 'application/json', size: 300, delay: THINKING, behaviour: 'orders' },
        },
      },
    },
  },
  lanes: [
    {
      id: 'get',
      label: { en: 'GET', zh: 'GET 请求' },
      set: { [METHOD]: 'GET', 'apps.shop-client.requests.0.body': 0 },
    },
    { id: 'post', label: { en: 'POST', zh: 'POST 请求' } },
    {
      id: 'key',
      label: { en: 'POST with a key', zh: '带幂等键的 POST' },
      set: { 'apps.shop-client.idempotencyKey': true },
    },
    { id: 'put', label: { en: 'PUT', zh: 'PUT 请求' }, set: { [METHOD]: 'PUT' } },
  ],
  steps: [
    {
      at: CUT,
      text: { en: 'The way back is cut', zh: '返回方向断开' },
      set: { [BACK]: true },
    },
    {
      at: MENDED,
      text: { en: 'The way back is in order again', zh: '返回方向恢复' },
      set: { [BACK]: false },
    },
  ],
  knobs: [
    {
      id: 'timeout',
      label: { en: "Client's patience", zh: '客户端的超时' },
      hint: {
        en: 'After so long without an answer it gives the connection up. Beyond some 1.5 s TCP is faster with its retransmission.',
        zh: '等这么久没有应答就放弃连接。超过大约 1.5 秒，TCP 的重传会抢先到达。',
      },
      group: 'http',
      paths: ['apps.shop-client.timeout'],
      kind: 'number',
      unit: 'us',
      min: 500_000,
      max: 10_000_000,
      step: 100_000,
    },
    {
      id: 'retries',
      label: { en: 'Retries', zh: '重试次数' },
      hint: {
        en: 'How often the client tries again; with none it is left with a failure and does not know what was done.',
        zh: '客户端最多再试几次。设为零，它只知道失败了，不知道事情做没做。',
      },
      group: 'http',
      paths: ['apps.shop-client.retries'],
      kind: 'number',
      unit: 'count',
      min: 0,
      max: 5,
      step: 1,
    },
    {
      id: 'thinking',
      label: { en: "Server's time for a request", zh: '服务器的处理时间' },
      group: 'http',
      paths: ['apps.shop.resources./orders.delay'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 2_000_000,
      step: 10_000,
    },
    { ...LINK_KNOBS.delay, paths: bothWays('delay') },
    { ...LINK_KNOBS.loss, paths: bothWays('loss.rate'), max: 0.1 },
  ],
  expectations: [
    {
      id: 'two-orders',
      text: { en: 'POST makes 2 orders of one', zh: 'POST 把一份订单变成 2 份' },
      metric: 'post/orders',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'Both tries reached the server, and to it the second is just another order: POST is neither safe nor idempotent (RFC 9110, 9.2.2).',
        zh: '两次尝试都到了服务器，而在它看来第二次就是又一份订单：POST 既不安全也不幂等（RFC 9110，9.2.2）。',
      },
      given: RETRIED,
    },
    {
      id: 'one-order',
      text: { en: 'With a key it is 1', zh: '带上幂等键就只有 1 份' },
      metric: 'key/orders',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'The same key comes with both tries. The server has seen it, and answers from memory.',
        zh: '两次尝试带的是同一个键。服务器见过它，直接把记下的应答发回去。',
      },
      given: RETRIED,
    },
    {
      id: 'put-order',
      text: { en: 'With PUT it is 1, too', zh: '用 PUT 也只有 1 份' },
      metric: 'put/orders',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'PUT sets the state of the resource at its address; setting it twice is the same as once. It is idempotent, but not safe.',
        zh: 'PUT 设定该网址上资源的状态，设两遍和设一遍一样。它幂等，但不安全。',
      },
      given: RETRIED,
    },
    {
      id: 'no-order',
      text: { en: 'GET makes 0', zh: 'GET 一份也不产生' },
      metric: 'get/orders',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'GET is safe: the client asks for no change, so there is none to be doubled.',
        zh: 'GET 是安全的：客户端没有要求改变什么，也就没有什么会重复。',
      },
    },
    {
      id: 'second-connection',
      text: { en: 'The second try takes a second connection', zh: '第二次尝试用的是第 2 条连接' },
      metric: 'post/connections_opened',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'The first one is given up with the request: on it, an answer that still came could be taken for the answer to the second try.',
        zh: '放弃请求时连同连接一起放弃：否则迟到的应答会被误认为是第二次尝试的应答。',
      },
      given: RETRIED,
    },
    {
      id: 'patient-order',
      text: { en: 'A patient client makes 1 order with POST', zh: '客户端有耐心时，POST 也只产生 1 份订单' },
      metric: 'post/orders',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: "The server's TCP repeats the lost response when its timer runs out. The client gets it in time and has no reason to try again.",
        zh: '服务器的 TCP 在定时器超时后重传丢失的响应。客户端及时收到，没有理由再试。',
      },
      given: WAITED,
    },
    {
      id: 'patient-connection',
      text: { en: 'All on 1 connection', zh: '只用 1 条连接' },
      metric: 'post/connections_opened',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'An outage shorter than the patience of both ends is none of the application’s business.',
        zh: '中断只要短于两端的耐心，应用层就不必知道。',
      },
      given: WAITED,
    },
    {
      id: 'failed-request',
      text: { en: 'Without a retry the request counts as failed', zh: '不重试，请求就算失败' },
      metric: 'post/requests_failed',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'All that the client saw is that no answer came.',
        zh: '客户端看到的只是没有应答。',
      },
      given: GAVE_UP,
    },
    {
      id: 'failed-order',
      text: { en: 'And yet there is 1 order', zh: '而订单已有 1 份' },
      metric: 'post/orders',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'No answer does not mean that nothing was done.',
        zh: '没有应答，不等于什么都没做。',
      },
      given: GAVE_UP,
    },
  ],
  views: ['waterfall', 'ladder', 'layers', 'states', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'The connection breaks after the server has taken the order and before its answer arrives. The client sends its POST again. How many orders are there?',
      zh: '服务器收下订单之后、应答送达之前，连接断了。客户端把 POST 又发了一遍。现在有几份订单？',
    },
    choices: [
      {
        text: { en: 'One: TCP recognises the repeated bytes', zh: '一份：TCP 能认出重复的字节' },
        right: false,
        because: {
          en: 'TCP recognises repetitions within a connection, by their sequence numbers. The second try is a new connection with numbers of its own.',
          zh: 'TCP 靠序列号识别同一条连接里的重复。第二次尝试是新连接，用的是新的序列号。',
        },
      },
      {
        text: { en: 'One: the server compares the requests', zh: '一份：服务器会比较两次请求' },
        right: false,
        because: {
          en: 'Two equal orders may well be meant. Without a key there is nothing to tell a repetition from a second purchase.',
          zh: '两份相同的订单完全可能是有意为之。没有键，就分不清是重试还是真的又买了一份。',
        },
      },
      {
        text: { en: 'Two', zh: '两份' },
        right: true,
        because: {
          en: 'Both requests were carried out; POST promises nothing else.',
          zh: '两个请求都执行了，POST 本来就没有别的保证。',
        },
      },
    ],
  },
}
