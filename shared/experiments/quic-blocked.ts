/** UDP 被拦截时的回退: what a network that lets no UDP through costs a client that tries HTTP/3 first. */
import type { ExperimentInput, Text } from '../experiment.ts'
import { browser, FITTING_CHAIN, QUIC_KNOBS, site } from './quic-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink, withinRoundTrips } from './web.ts'

/** Long, because handshakes compute on one processor in a live run. */
const DELAY = 300_000
const ROUND_TRIP = 2 * DELAY
/** How long the client gives QUIC before it tries TCP as well: three round trips. */
const HEAD_START = 1_800_000
const AFTER = 'apps.browser.fallback.after'

const BLOCKED = { 'links.link.up.udpBlocked': true, 'links.link.down.udpBlocked': true }
const THIS_DISTANCE = [is('links.link.up.delay', DELAY), is('links.link.down.delay', DELAY)]
/** Counted in round trips of this path, of which the head start is three. */
const COUNTED = [
  ...FITTING_CHAIN.filter(({ path }) => !path.endsWith('.delay')),
  ...THIS_DISTANCE,
  is(AFTER, HEAD_START),
]

type Claim = ExperimentInput['expectations'][number]

const firstByte = (lane: string, value: number, text: Text, why: Text): Claim => ({
  id: `${lane}-first-byte`,
  text,
  metric: `${lane}/first_byte_rtts`,
  op: '=',
  value,
  tolerance: withinRoundTrips(value),
  unit: 'rtt',
  why,
  given: COUNTED,
})

const version = (lane: string, value: number, text: Text, why: Text): Claim => ({
  id: `${lane}-version`,
  text,
  metric: `${lane}/version_used`,
  op: '=',
  value,
  why,
  given: [...UNDISTURBED, ...THIS_DISTANCE, is(AFTER, HEAD_START)],
})

export const quicBlocked: ExperimentInput = {
  id: 'quic-blocked',
  chapter: 'quic',
  title: { en: 'Where UDP is blocked', zh: 'UDP 被拦截时的回退' },
  question: {
    en: 'Some networks let no UDP through. What must a client do that prefers HTTP/3, and what does it cost there and elsewhere?',
    zh: '有些网络不放行 UDP。偏爱 HTTP/3 的客户端该怎么办？在这种网络里和在别处，代价各是多少？',
  },
  narrative: [
    {
      en: 'QUIC packets are UDP datagrams; a device on the way need not know QUIC to pass them on. Where they are dropped, it is mostly on purpose: a firewall lets UDP through for DNS and nothing else, or a network treats much UDP as an attack. So it is only half right that QUIC fails because devices do not support it. They need not support it. They have to leave it alone.',
      zh: 'QUIC 包就是 UDP 数据报，途中设备不必懂得 QUIC 也能转发。之所以被丢弃，多半是有意为之：防火墙只放行 DNS 用的 UDP，或者网络把大量 UDP 当成攻击。所以，“设备不支持 QUIC，于是把它当 UDP 丢掉”只对了一半。设备用不着支持它，不去动它就行。',
    },
    {
      en: 'A firewall that drops says nothing. The client hears no refusal; it only hears nothing, and cannot tell a dead network from a slow one. That is why HTTP/3 must not be the only way: a client should try TCP when QUIC does not connect (RFC 9114 3.1). The question is when. A client that waits for QUIC to fail waits for seconds, up to its idle timeout. This one gives QUIC a head start of 1.8 s, then opens TCP beside it and takes whichever connection is ready first, as Happy Eyeballs does with IPv6 and IPv4 (RFC 8305).',
      zh: '丢包的防火墙不会吭声。客户端收不到拒绝，只是什么也收不到，分不清网络是断了还是慢。因此 HTTP/3 不能是唯一的路：QUIC 连不上，客户端就应当试 TCP（RFC 9114 3.1）。问题是什么时候试。等 QUIC 自己失败，要等好几秒，直到空闲超时。这里的客户端让 QUIC 先跑 1.8 秒，然后并行打开 TCP，谁先就绪就用谁，如同 Happy Eyeballs 对待 IPv6 与 IPv4（RFC 8305）。',
    },
    {
      en: 'The first lane is an open path: QUIC is ready after one round trip, TCP is never tried, and the precaution costs nothing. In the second UDP is blocked: 1.8 s are gone before TCP begins, and then come the three round trips of TCP, TLS and the request. The third lane speaks HTTP/2 from the beginning, for comparison: the difference between the two is the price of the fallback, and it is the head start, no more and no less. The fourth has no fallback and gets nothing at all.',
      zh: '第一组的路径畅通：QUIC 用 1 个往返就绪，根本没有去试 TCP，这份预备不费分文。第二组拦截 UDP：先白白过去 1.8 秒，TCP 才开始，然后是 TCP、TLS、请求各 1 个往返。第三组一开始就用 HTTP/2，以作对照：两者之差就是回退的代价，不多不少，正是先跑的那段时间。第四组没有回退，什么也拿不到。',
    },
    {
      en: 'Turn the head start down, and the fallback becomes cheap; but below the round trip of the path TCP begins even where QUIC would have come through, and servers get connections that nobody uses. A client that remembers which networks block UDP pays only once for each. This one remembers nothing.',
      zh: '把先跑的时间调短，回退就便宜了；但若短于路径的往返时间，即使 QUIC 走得通，TCP 也会启动，服务器平添许多没人用的连接。客户端若记住哪些网络拦截 UDP，每个网络就只付一次代价。这里的客户端什么也不记。',
    },
  ],
  rfcs: [
    { number: 9114, title: 'HTTP/3: 3.1, Discovering an HTTP/3 Endpoint' },
    { number: 8305, title: 'Happy Eyeballs Version 2: 5, Connection Attempts' },
    { number: 9308, title: 'Applicability of the QUIC Transport Protocol: 2, The Necessity of Fallback' },
    { number: 9000, title: 'QUIC: A UDP-Based Multiplexed and Secure Transport: 10.1' },
  ],
  setup: {
    hosts: {
      ...WEB_HOSTS,
      client: { ...WEB_HOSTS.client, quic: { idleTimeout: 10_000_000 } },
    },
    links: webLink(DELAY),
    apps: {
      site: site({ '/': { size: 1_000, type: 'text/plain' } }),
      browser: browser([{ target: '/' }], { fallback: { version: 'h2', after: HEAD_START } }),
    },
  },
  lanes: [
    { id: 'open', label: { en: 'UDP passes', zh: 'UDP 放行' } },
    { id: 'blocked', label: { en: 'UDP blocked', zh: 'UDP 被拦截' }, set: BLOCKED },
    {
      id: 'h2',
      label: { en: 'UDP blocked, HTTP/2 from the start', zh: 'UDP 被拦截，一开始就用 HTTP/2' },
      set: { ...BLOCKED, 'apps.browser.version': 'h2' },
    },
    {
      id: 'alone',
      label: { en: 'UDP blocked, no fallback', zh: 'UDP 被拦截，没有回退' },
      set: { ...BLOCKED, 'apps.browser.fallback': null },
    },
  ],
  knobs: [
    {
      id: 'head-start',
      label: { en: 'Head start of QUIC', zh: 'QUIC 先跑的时间' },
      hint: {
        en: 'How long the client waits for QUIC before it tries TCP as well.',
        zh: '客户端等 QUIC 多久之后，才同时去试 TCP。',
      },
      group: 'http',
      paths: [AFTER],
      kind: 'number',
      unit: 'us',
      min: 0,
      max: 5_000_000,
      step: 10_000,
    },
    ...PATH_KNOBS,
    QUIC_KNOBS.certificate,
  ],
  expectations: [
    version(
      'open',
      3,
      { en: 'Where UDP passes, HTTP/3 is used', zh: 'UDP 放行时用的是 HTTP/3' },
      {
        en: 'QUIC is ready after one round trip, before the head start is over.',
        zh: 'QUIC 用 1 个往返就绪，先跑的时间还没到。',
      },
    ),
    firstByte(
      'open',
      2,
      { en: 'The answer begins after 2 round trips', zh: '响应在 2 个往返后开始' },
      {
        en: 'Handshake and request: the fallback costs nothing here.',
        zh: '握手和请求各一个：备用方案在这里不费分文。',
      },
    ),
    {
      id: 'open-connections',
      text: { en: 'And TCP is not even tried', zh: 'TCP 根本没有去试' },
      metric: 'open/connections_opened',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'The race begins only when QUIC is late.',
        zh: 'QUIC 迟迟不来，才会开始并行竞争。',
      },
      given: [...UNDISTURBED, ...THIS_DISTANCE, is(AFTER, HEAD_START)],
    },
    version(
      'blocked',
      2,
      { en: 'Where it does not, HTTP/2 is', zh: 'UDP 不通时用的是 HTTP/2' },
      {
        en: 'RFC 9114 (3.1): clients should attempt the versions over TCP.',
        zh: 'RFC 9114（3.1）：客户端应当改试基于 TCP 的版本。',
      },
    ),
    {
      id: 'fallback-time',
      text: {
        en: 'The connection is ready after the head start and two round trips',
        zh: '连接在先跑时间加 2 个往返后就绪',
      },
      metric: 'blocked/fallback_time',
      op: '=',
      value: HEAD_START + 2 * ROUND_TRIP,
      tolerance: 0.1,
      unit: 'us',
      why: {
        en: '1.8 s for nothing, then TCP and TLS 1.3, one round trip each.',
        zh: '白等 1.8 秒，然后 TCP 和 TLS 1.3 各一个往返。',
      },
      given: COUNTED,
    },
    firstByte(
      'blocked',
      6,
      { en: 'The answer begins after 6 round trips', zh: '响应在 6 个往返后开始' },
      {
        en: 'The head start is three of this path; TCP, TLS and the request are three more. Counted from the first packet, which was one of QUIC.',
        zh: '先跑的时间合这条路径的 3 个往返，TCP、TLS、请求再加 3 个。从第一个包，即 QUIC 的那个包算起。',
      },
    ),
    firstByte(
      'h2',
      3,
      { en: 'HTTP/2 from the beginning takes 3', zh: '一开始就用 HTTP/2 是 3 个' },
      {
        en: 'So the fallback costs as much as the head start, and nothing else.',
        zh: '可见回退的代价就是先跑的那段时间，此外没有。',
      },
    ),
    {
      id: 'alone-fails',
      text: { en: 'Without a fallback the request fails', zh: '没有回退，请求失败' },
      metric: 'alone/requests_failed',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'RFC 9000 (10.1): nothing ever comes, and after the idle timeout the connection is given up in silence.',
        zh: 'RFC 9000（10.1）：始终什么也收不到，空闲超时一到，连接就默默放弃。',
      },
    },
  ],
  views: ['ladder', 'waterfall', 'quic', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'A firewall drops all UDP. How does a client that tries HTTP/3 learn of it?',
      zh: '防火墙丢弃所有 UDP。尝试 HTTP/3 的客户端如何得知？',
    },
    choices: [
      {
        text: {
          en: 'The firewall says so by ICMP',
          zh: '防火墙会用 ICMP 告知',
        },
        right: false,
        because: {
          en: 'It might, but most drop without a word. And a client must not trust a message that anyone can forge (RFC 9000 14.2.1).',
          zh: '可以告知，但大多默不作声地丢弃。况且这种消息谁都能伪造，客户端不可轻信（RFC 9000 14.2.1）。',
        },
      },
      {
        text: { en: 'By hearing nothing', zh: '靠“什么也没听到”' },
        right: true,
        because: {
          en: 'So it can only decide how long to wait, and try TCP before it knows.',
          zh: '所以它只能决定等多久，在弄清楚之前就去试 TCP。',
        },
      },
      {
        text: {
          en: 'The server tells it over TCP',
          zh: '服务器通过 TCP 告诉它',
        },
        right: false,
        because: {
          en: 'The server does not know either: nothing has reached it.',
          zh: '服务器也不知道：什么都没有到过它那里。',
        },
      },
    ],
  },
}
