/** HTTP 与 RPC: the same calls as JSON over HTTP/1.1, and as gRPC over HTTP/2. */
import type { ExperimentInput } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import { FAST, is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

const CALLS = 30
const READINGS = 10
const MANY = 1_000
const DELAY = 100_000
const SLOW = 600_000
const IMPATIENT = 400_000
const SIDE_BY_SIDE = 6

const STYLES = ['apps.caller.style', 'apps.sensors.style']
const ways = (path: string, value: number) => bothWays(path).map((full) => is(full, value))
const TIMED = [...UNDISTURBED, ...ways('delay', DELAY), ...ways('rate.limit', FAST)]
const ONE_AT_A_TIME = is('apps.caller.concurrency', 1)
const AS_IT_COMES = [ONE_AT_A_TIME, is('apps.caller.deadline', 0)]
const GIVEN_UP = [
  ...UNDISTURBED,
  is('apps.caller.deadline', IMPATIENT),
  is('apps.sensors.delay', SLOW),
  ONE_AT_A_TIME,
]

const answers = (lane: string, en: string, zh: string): ExperimentInput['expectations'][number] => ({
  id: `${lane}-all`,
  text: { en: `${en} answers all 30 calls`, zh: `${zh} 的 30 次调用都有应答` },
  metric: `${lane}/calls_finished`,
  op: '=',
  value: CALLS,
  unit: 'count',
  why: {
    en: 'Every answer was decoded, and holds as many readings as were asked for.',
    zh: '每个应答都成功解码，读数的个数与所要的相符。',
  },
  given: [is('apps.caller.deadline', 0)],
})

export const rpc: ExperimentInput = {
  id: 'rpc',
  chapter: 'http',
  title: { en: 'HTTP and RPC', zh: 'HTTP 与 RPC' },
  question: {
    en: 'A program calls another 30 times for the latest readings of a sensor. What does it save to call by gRPC instead of posting JSON: bytes, time, both?',
    zh: '一个程序向另一个调用 30 次，索取传感器的最新读数。不用 POST 加 JSON，改用 gRPC，能省下什么：字节，时间，还是都能省？',
  },
  narrative: [
    {
      en: 'A remote procedure call is a way of programming: the caller writes what looks like a call of a function, and something behind it sends the arguments away and brings the result. What goes over the wire is left open by the word. Here the same calls, with the same arguments and the same results, are made in two ways: as a POST with JSON over HTTP/1.1, and in the wire format of gRPC, which is Protocol Buffers in the frames of HTTP/2. So “HTTP or RPC” is no alternative at all. Both rows are remote calls, and both are HTTP.',
      zh: '远程过程调用（RPC）是一种编程方式：调用者写起来像在调用函数，背后有人把参数送走、把结果取回。至于线路上传什么，这个词并没有规定。这里用两种办法做同样的调用，参数相同，结果也相同：一种是 HTTP/1.1 上的 POST 加 JSON，另一种是 gRPC 的线路格式，即把 Protocol Buffers 装进 HTTP/2 的帧。所以“HTTP 还是 RPC”根本不是二选一：两行都是远程调用，也都是 HTTP。',
    },
    {
      en: 'First the messages. JSON names every field in every reading and writes numbers in digits: 13 of them for a time in milliseconds. Protocol Buffers have a number for each field instead of its name, which both sides know from a schema; the same time takes 6 bytes, a float 4. With 10 readings in an answer that is less than a third of the bytes. The price is that nobody can read it without the schema, and that both sides have to agree on one beforehand and change it with care.',
      zh: '先看消息本身。JSON 在每个读数里把每个字段的名字都写一遍，数字用十进制写：一个毫秒时间就是 13 位。Protocol Buffers 用编号代替字段名，双方从事先约定的模式（schema）里知道编号的含义；同样的时间占 6 个字节，浮点数占 4 个。每个应答带 10 个读数时，字节数不到三分之一。代价是没有模式就看不懂，而且双方必须事先商定，改起来也要小心。',
    },
    {
      en: 'Then the headers. HTTP/1.1 writes them out in each request and each response. HTTP/2 packs them by HPACK: the first call enters them into a table, and from the second on most of them are a byte each. Compare the first call with the last: the first one opens the connection, exchanges SETTINGS and fills the table. What it does not save is the framing itself: 9 bytes for each frame, 5 for each message of gRPC, and a third header section, the trailers, in which grpc-status comes after the content, because only then does the server know how the call has ended.',
      zh: '再看首部。HTTP/1.1 在每个请求和响应里都把首部全写出来。HTTP/2 用 HPACK 压缩：第一次调用把字段登记入表，从第二次起，大多只占一个字节。比一比第一次和最后一次：第一次要建连接、交换 SETTINGS、填表。省不掉的是分帧本身：每帧 9 个字节，gRPC 每条消息再加 5 个，还多出第三段首部，即尾部（trailers），grpc-status 就放在内容之后，因为到那时服务器才知道调用结局如何。',
    },
    {
      en: 'And the time? Look at the typical call: the two rows take the same. A call is a request and an answer, and on a path that is not full both take one round trip, whatever they are written in. The saying that RPC performs better than HTTP/1.1 is right about bytes and about what it costs to write and read them; it is wrong about waiting. Time is saved where bytes are many and the path is narrow or fresh. Set 1,000 readings an answer: then JSON needs more round trips, since the congestion window is small at first and opens only with what has been acknowledged.',
      zh: '时间呢？看普通的一次调用：两行用时相同。一次调用就是一个请求加一个应答，只要路径不拥塞，都是一个往返，写成什么格式都一样。“RPC 的性能比 HTTP/1.1 好”，论字节、论编解码的开销，是对的；论等待，不对。只有字节多，而路径又窄、又是刚开始用的时候，才省时间。把每个应答的读数设成 1,000：JSON 就要更多往返，因为拥塞窗口起初很小，收到确认才逐步张开。',
    },
    {
      en: 'Where they part is what happens side by side. HTTP/1.1 carries one call at a time on a connection: for 6 calls at once it opens 6. gRPC gives each call a stream of its own on a single connection. The same when a call is given up: a stream can be reset alone, while with HTTP/1.1 the whole connection has to go, for on it the late answer would be taken for that of the next call. Set a deadline shorter than the server needs and count the connections. The deadline itself travels with the call, as grpc-timeout, so that the server can stop working on what nobody waits for any more.',
      zh: '真正的分野在并行。HTTP/1.1 的一条连接同时只能承载一次调用：要同时做 6 次，就开 6 条连接。gRPC 让每次调用占一条流，全在一条连接上。放弃调用时也是如此：流可以单独重置；HTTP/1.1 却只能连同连接一起放弃，否则迟到的应答会被当成下一次调用的。把期限设得比服务器所需的时间短，数一数连接。期限本身也随调用传给服务器（grpc-timeout），好让它停下没人再等的工作。',
    },
    {
      en: 'So why not gRPC everywhere? Because a browser cannot see trailers, curl and a proxy’s log can read JSON and not this, and every cache and gateway on earth knows GET. Where a public interface is offered to strangers, JSON does well: in this experiment it costs some hundreds of bytes a call, and no time. Inside a company, with schemas shared and many calls side by side, the other row does. RPC is older than HTTP, and was never bound to TCP: that of Sun, on which NFS was built, went over UDP (RFC 5531).',
      zh: '那为什么不处处用 gRPC？因为浏览器看不到尾部；curl 和代理日志读得懂 JSON，读不懂它；而 GET 是世上每个缓存和网关都认得的。向外人提供公开接口，JSON 很合适：在这个实验里，它每次调用只多花几百个字节，时间一点不多。公司内部模式共享、并行调用很多，则另一行更合适。RPC 比 HTTP 更老，也从来没有绑定 TCP：承载 NFS 的 Sun RPC 起初就跑在 UDP 上（RFC 5531）。',
    },
  ],
  rfcs: [
    { number: 9113, title: 'HTTP/2: 4.1 (Frame Format), 8.1 (HTTP Message Framing)' },
    { number: 7541, title: 'HPACK: Header Compression for HTTP/2' },
    { number: 8259, title: 'The JavaScript Object Notation (JSON) Data Interchange Format' },
    { number: 9112, title: 'HTTP/1.1: 9.3 (Persistence)' },
    { number: 5531, title: 'RPC: Remote Procedure Call Protocol Specification Version 2' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(DELAY),
    apps: {
      caller: {
        kind: 'rpc-client',
        host: 'client',
        to: 'server',
        port: 80,
        style: 'json',
        calls: CALLS,
        concurrency: 1,
        readings: READINGS,
        deadline: 0,
      },
      sensors: { kind: 'rpc-server', host: 'server', port: 80, style: 'json', delay: 0 },
    },
  },
  lanes: [
    { id: 'json', label: { en: 'JSON over HTTP/1.1', zh: 'HTTP/1.1 加 JSON' } },
    {
      id: 'grpc',
      label: { en: 'gRPC over HTTP/2', zh: 'HTTP/2 上的 gRPC' },
      // On a port of HTTP, too: on that of gRPC, 50051, analysers see bytes and no HTTP/2.
      set: Object.fromEntries(STYLES.map((path) => [path, 'grpc'])),
    },
  ],
  knobs: [
    {
      id: 'readings',
      label: { en: 'Readings an answer', zh: '每个应答的读数' },
      group: 'application',
      paths: ['apps.caller.readings'],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 10_000,
      scale: 'log',
    },
    {
      id: 'concurrency',
      label: { en: 'Calls at a time', zh: '同时进行的调用' },
      group: 'application',
      paths: ['apps.caller.concurrency'],
      kind: 'number',
      unit: 'count',
      min: 1,
      max: 16,
      step: 1,
    },
    {
      id: 'work',
      label: { en: "Server's time for a call", zh: '服务器处理一次调用的时间' },
      group: 'application',
      paths: ['apps.sensors.delay'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 1_000_000,
      step: 10_000,
    },
    {
      id: 'deadline',
      label: { en: 'Deadline of a call', zh: '调用的期限' },
      hint: { en: 'Zero: none.', zh: '零表示没有期限。' },
      group: 'application',
      paths: ['apps.caller.deadline'],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 2_000_000,
      step: 10_000,
    },
    ...PATH_KNOBS,
  ],
  expectations: [
    answers('json', 'JSON', 'JSON'),
    answers('grpc', 'gRPC', 'gRPC'),
    {
      id: 'messages',
      text: {
        en: 'The messages of gRPC are shorter',
        zh: 'gRPC 的消息更短',
      },
      metric: 'grpc/call_message_bytes',
      op: '<',
      value: 'json/call_message_bytes',
      unit: 'B',
      why: {
        en: 'Field numbers instead of names, and binary numbers instead of digits: 6 bytes for a time of 13 digits, 4 for a float.',
        zh: '用字段编号代替名字，用二进制代替十进制：13 位的时间占 6 个字节，浮点数占 4 个。',
      },
    },
    {
      id: 'third',
      text: {
        en: 'With 10 readings they come to under 200 bytes a call',
        zh: '10 个读数时，每次调用的消息不到 200 字节',
      },
      metric: 'grpc/call_message_bytes',
      op: '<',
      value: 200,
      unit: 'B',
      why: {
        en: '16 bytes a reading and some for the request; in JSON a reading takes 60.',
        zh: '每个读数 16 字节，请求再加一些；写成 JSON，一个读数要 60 字节左右。',
      },
      given: [is('apps.caller.readings', READINGS)],
    },
    {
      id: 'json-third',
      text: { en: 'In JSON more than 600', zh: 'JSON 则超过 600 字节' },
      metric: 'json/call_message_bytes',
      op: '>',
      value: 600,
      unit: 'B',
      why: {
        en: 'Every reading names its three fields again.',
        zh: '每个读数都把三个字段名重写一遍。',
      },
      given: [is('apps.caller.readings', READINGS), is('apps.caller.deadline', 0)],
    },
    {
      id: 'headers',
      text: { en: 'So are its header sections, trailers included', zh: '首部也更短，连尾部算在内' },
      metric: 'grpc/call_header_bytes',
      op: '<',
      value: 'json/call_header_bytes',
      unit: 'B',
      why: {
        en: 'HPACK writes what it has written before in a byte or two (RFC 7541, 6.1).',
        zh: 'HPACK 对写过的字段只用一两个字节（RFC 7541，6.1）。',
      },
    },
    {
      id: 'first-and-last',
      text: {
        en: 'The last call of gRPC costs fewer bytes than the first',
        zh: 'gRPC 最后一次调用花的字节比第一次少',
      },
      metric: 'grpc/last_call_bytes',
      op: '<',
      value: 'grpc/first_call_bytes',
      unit: 'B',
      why: {
        en: 'The first one opens the connection, brings the settings of both sides, and spells its fields out.',
        zh: '第一次要打开连接，带上双方的 SETTINGS，还要把字段拼写出来。',
      },
      given: [...TIMED, ...AS_IT_COMES, is('apps.caller.readings', READINGS)],
    },
    {
      id: 'same-time',
      text: {
        en: 'A typical call takes as long over the one as over the other',
        zh: '普通的一次调用，两者用时相同',
      },
      metric: 'grpc/call_time_median',
      op: '=',
      value: 'json/call_time_median',
      tolerance: 0.3,
      unit: 'us',
      why: {
        en: 'There and back, for both. Bytes that fit into the windows take no time of their own on a fast link.',
        zh: '都是一去一回。链路够快，窗口够大，多几个字节不花什么时间。',
      },
      given: [...TIMED, ...AS_IT_COMES, is('apps.caller.readings', READINGS), is('apps.sensors.delay', 0)],
    },
    {
      id: 'one-round-trip',
      text: { en: 'That is one round trip, 200 ms', zh: '也就是一个往返，200 ms' },
      metric: 'grpc/call_time_median',
      op: '=',
      value: 2 * DELAY,
      tolerance: withinRoundTrips(1),
      unit: 'us',
      why: {
        en: 'The connection is there already from the second call on.',
        zh: '从第二次调用起，连接已经建好。',
      },
      given: [...TIMED, ...AS_IT_COMES, is('apps.caller.readings', READINGS), is('apps.sensors.delay', 0)],
    },
    {
      id: 'many-readings',
      text: {
        en: 'With 1,000 readings an answer, gRPC is faster on average',
        zh: '每个应答 1,000 个读数时，gRPC 平均更快',
      },
      metric: 'grpc/call_time_mean',
      op: '<',
      value: 'json/call_time_mean',
      unit: 'us',
      why: {
        en: 'An answer of JSON is several congestion windows long at the beginning, so the first calls take more round trips (RFC 5681, 3.1).',
        zh: '起初 JSON 的一个应答有好几个拥塞窗口那么长，头几次调用要更多往返（RFC 5681，3.1）。',
      },
      given: [...TIMED, ...AS_IT_COMES, is('apps.caller.readings', MANY), is('apps.sensors.delay', 0)],
    },
    {
      id: 'grpc-one-connection',
      text: {
        en: 'gRPC needs 1 connection, however many calls are made at a time',
        zh: '不管同时有多少调用，gRPC 只用 1 条连接',
      },
      metric: 'grpc/connections_opened',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Each call is a stream (RFC 9113, 5).',
        zh: '每次调用是一条流（RFC 9113，5）。',
      },
      given: UNDISTURBED,
    },
    {
      id: 'json-six-connections',
      text: { en: 'JSON over HTTP/1.1 needs 6 for 6 calls at a time', zh: 'HTTP/1.1 上同时 6 次调用要 6 条' },
      metric: 'json/connections_opened',
      op: '=',
      value: SIDE_BY_SIDE,
      unit: 'count',
      why: {
        en: 'A connection is busy until the answer is whole.',
        zh: '应答收完之前，一条连接一直被占用。',
      },
      given: [...UNDISTURBED, is('apps.caller.concurrency', SIDE_BY_SIDE), is('apps.caller.deadline', 0)],
    },
    {
      id: 'deadline',
      text: {
        en: 'With a deadline of 400 ms and a server that takes 600, all 30 calls of gRPC fail with DEADLINE_EXCEEDED',
        zh: '期限 400 ms、服务器要 600 ms 时，gRPC 的 30 次调用都以 DEADLINE_EXCEEDED 告终',
      },
      metric: 'grpc/calls_deadline_exceeded',
      op: '=',
      value: CALLS,
      unit: 'count',
      why: {
        en: 'Both sides know the deadline; the client resets the stream, and goes on with the next.',
        zh: '双方都知道期限；客户端重置这条流，接着做下一次。',
      },
      given: GIVEN_UP,
    },
    {
      id: 'deadline-connections',
      text: {
        en: 'JSON over HTTP/1.1 then opens 30 connections',
        zh: '此时 HTTP/1.1 上的 JSON 要开 30 条连接',
      },
      metric: 'json/connections_opened',
      op: '=',
      value: CALLS,
      unit: 'count',
      why: {
        en: 'A call that is given up takes its connection with it.',
        zh: '放弃一次调用，就得放弃它的连接。',
      },
      given: GIVEN_UP,
    },
  ],
  views: ['calls', 'waterfall', 'frames', 'hpack', 'pdus', 'ladder', 'packets', 'topology'],
  duration: 300_000_000,
  prediction: {
    question: {
      en: 'A call takes 201 ms as JSON over HTTP/1.1, on a fast path with a round trip of 200 ms. Its answer of 600 bytes becomes one of 160 with gRPC. How long does it take then?',
      zh: '往返 200 ms 的快速路径上，HTTP/1.1 加 JSON 的一次调用要 201 ms。改用 gRPC，600 字节的应答变成 160 字节。现在要多久？',
    },
    choices: [
      {
        text: {
          en: 'About 50 ms: a quarter of the bytes, a quarter of the time',
          zh: '约 50 ms：字节是四分之一，时间也是',
        },
        right: false,
        because: {
          en: 'The bytes were not what took the time.',
          zh: '时间本来就不是花在字节上的。',
        },
      },
      {
        text: { en: 'About 201 ms, as before', zh: '约 201 ms，和原来一样' },
        right: true,
        because: {
          en: 'Request there, answer back. That is the distance, and no encoding makes it shorter.',
          zh: '请求过去，应答回来。这是距离决定的，什么编码也缩不短。',
        },
      },
      {
        text: {
          en: 'About 400 ms: HTTP/2 has to agree on its settings first',
          zh: '约 400 ms：HTTP/2 要先协商 SETTINGS',
        },
        right: false,
        because: {
          en: 'The client sends its request right behind its settings, without waiting for those of the server (RFC 9113, 3.4).',
          zh: '客户端发完自己的 SETTINGS 紧接着就发请求，不等服务器的（RFC 9113，3.4）。',
        },
      },
    ],
  },
}
