/** Cookie 与 Session: how a server knows a client again, and when it does not. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { bothWays } from './link-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'

const SESSION = 'apps.site.resources./account.session'
const COOKIES = 'apps.browser.cookies'
/** The pause in mid-visit lies between these two moments. */
const BEFORE = 500_000
const AFTER = 3_000_000
/** A second is a second at both ends only if nothing is late. */
const PUNCTUAL = [
  ...UNDISTURBED,
  ...bothWays('delay').map((path) => is(path, 20_000, 50_000, 100_000, 150_000)),
]
/** Without Secure, SameSite=None is not taken (RFC 6265bis 5.7). */
const TAKEN = is(`${SESSION}.sameSite`, 'strict', 'lax')
/** Shorter than the pause. */
const SHORT = 1_000_000

/** At home, then a POST that another site causes, and then a link that is followed from there. */
const FORGED: Json = [
  { target: '/account', after: true },
  { method: 'POST', target: '/account', crossSite: true, at: BEFORE, after: true },
  { target: '/account', crossSite: true, at: AFTER, after: true },
]

export const httpCookies: ExperimentInput = {
  id: 'http-cookies',
  chapter: 'http',
  title: { en: 'Cookies and sessions', zh: 'Cookie 与 Session' },
  question: {
    en: 'HTTP keeps nothing from one request to the next. How does a site know that two requests come from the same visitor, and what if the browser keeps no cookies?',
    zh: 'HTTP 不保留任何前后文。网站怎么知道两个请求来自同一位访客？浏览器不收 Cookie 又会怎样？',
  },
  narrative: [
    {
      en: 'Every browser here asks for its account four times: twice in quick succession, and after a pause twice more. Each request is complete in itself and the server is free to forget it as soon as it is answered. That two of them belong together, none of them says.',
      zh: '这里每个浏览器都四次请求自己的账户页：先接连两次，停顿一会儿，再来两次。每个请求自成一体，服务器答完就可以忘掉；至于哪两个请求来自同一个人，请求本身并没有说。',
    },
    {
      en: 'Session and cookie are the two halves of one answer. The session is a record that the server keeps: who it is, what is in the basket, how often he was here. The cookie is a note that the browser keeps and shows with every request (RFC 6265). The first response sets it, Set-Cookie: SID=..., and from then on the browser sends Cookie: SID=... by itself. The note carries nothing but the number of the record; that is why it has to be unguessable, and why whoever holds it is taken for the visitor.',
      zh: 'Session 和 Cookie 是同一个办法的两半。Session 是服务器保存的一份记录：此人是谁，购物车里有什么，来过几次。Cookie 是浏览器保存的一张字条，每次请求都出示（RFC 6265）。第一个响应用 Set-Cookie: SID=… 发下这张字条，此后浏览器自动带上 Cookie: SID=…。字条上只有记录的编号，所以编号必须猜不出来；谁拿到它，谁就会被当成这位访客。',
    },
    {
      en: 'The second browser keeps no cookies. To the server each of its requests is that of a stranger, and for each it opens a new record. The third browser keeps none either, but the site works round that: it writes the number into its links, ?sid=..., and so gets it back with the next request. This is called URL rewriting, and it is a makeshift: the number now stands in the history, in bookmarks, in logs, in the Referer field, and in every link that is passed on to a friend.',
      zh: '第二个浏览器不收 Cookie。对服务器来说，它的每个请求都来自陌生人，于是每次都新建一份记录。第三个浏览器同样不收，但网站绕了过去：把编号写进链接，即 ?sid=…，下一个请求就会把它带回来。这叫 URL 重写，是没有 Cookie 时的权宜之计，而不是 Cookie 的搭档：编号从此出现在历史记录、书签、日志和 Referer 字段里，转发给朋友的链接里也有。',
    },
    {
      en: 'In the fourth row the cookie is good for one second only (Max-Age=1). It outlives the first pair of requests but not the pause; after it the browser has nothing to show, and the visitor starts anew. Without Max-Age or Expires a cookie lasts until the browser is closed. The record in the server has a lifetime of its own: either half may end first, and the session is over as soon as one does.',
      zh: '第四行的 Cookie 只有一秒有效期（Max-Age=1）。前两个请求用得上，停顿之后它就过期了，浏览器拿不出字条，访客只好从头开始。没有 Max-Age 和 Expires 的 Cookie 保存到浏览器关闭为止。服务器那份记录另有自己的期限：两者不论哪一个先到期，会话就此结束。',
    },
    {
      en: 'The next two rows set the flag Secure: send this cookie over TLS only. Over plain HTTP the browser withholds it, and the site does not know the visitor again; over HTTPS nothing changes. HttpOnly, which you can switch off below, hides a cookie from scripts in the page, so that injected code cannot read it; on the wire there is nothing to see of that.',
      zh: '接下来两行给 Cookie 加上 Secure 标志：只许通过 TLS 发送。走明文 HTTP 时浏览器扣下不发，网站就认不出这位访客；走 HTTPS 则一切照常。HttpOnly 标志可以在下面关掉，它不让页面脚本读取 Cookie，注入的恶意代码也就偷不走；这在线路上是看不出来的。',
    },
    {
      en: 'In the last row another site attacks. After the visitor has been to his account, a page of that site makes the browser post to it, hoping that the cookie goes along and the server takes the request for his: cross-site request forgery. SameSite=Lax withholds the cookie from such a POST, and to the server it comes from a stranger. Then the visitor follows an ordinary link from there, a GET, and with that the cookie is sent. Under Strict it would not be, and he would find himself logged out.',
      zh: '最后一行遭到另一个网站的攻击。访客看过自己的账户之后，那个网站的页面让浏览器向账户页提交一个 POST，指望 Cookie 会跟着发出，让服务器以为是本人所为，这就是跨站请求伪造（CSRF）。SameSite=Lax 让浏览器不给这种 POST 附上 Cookie，在服务器看来，它来自陌生人。随后访客在那里点了一个普通链接，这是 GET，Cookie 就会带上。若是 Strict，连这时也不带，访客会发现自己变成了未登录。',
    },
  ],
  rfcs: [
    { number: 6265, title: 'HTTP State Management Mechanism: 4.1, 5.3 and 5.4' },
    { number: 9110, title: 'HTTP Semantics: 3.3 (stateless), 9.2.1 (Safe Methods), 10.1.3 (Referer)' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(20_000),
    apps: {
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        cookies: 'on',
        requests: [0, BEFORE, AFTER, AFTER + BEFORE].map((at) => ({ target: '/account', at, after: true })),
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['http/1.1'],
        resources: {
          '/account': {
            type: 'text/html',
            size: 1_000,
            fields: { 'cache-control': 'no-store' },
            behaviour: 'session',
            session: { maxAge: 0, secure: false },
          },
        },
      },
    },
  },
  lanes: [
    { id: 'kept', label: { en: 'Cookies kept', zh: '接受 Cookie' } },
    { id: 'refused', label: { en: 'No cookies', zh: '不收 Cookie' }, set: { [COOKIES]: 'off' } },
    { id: 'rewritten', label: { en: 'URL rewriting', zh: 'URL 重写' }, set: { [COOKIES]: 'rewriting' } },
    { id: 'short', label: { en: 'Max-Age=1', zh: '有效期 1 秒' }, set: { [`${SESSION}.maxAge`]: SHORT } },
    {
      id: 'secure',
      label: { en: 'Secure, over HTTP', zh: 'Secure，走 HTTP' },
      set: { [`${SESSION}.secure`]: true },
    },
    {
      id: 'secure-tls',
      label: { en: 'Secure, over HTTPS', zh: 'Secure，走 HTTPS' },
      set: {
        [`${SESSION}.secure`]: true,
        'apps.browser.tls': {},
        'apps.browser.port': 443,
        'apps.site.tls': {},
        'apps.site.port': 443,
      },
    },
    {
      id: 'forged',
      label: { en: 'Asked by another site', zh: '由其他网站引发' },
      set: { 'apps.browser.requests': FORGED },
    },
  ],
  knobs: [
    {
      id: 'pause',
      label: { en: 'Third request at', zh: '第三个请求的时刻' },
      hint: {
        en: 'Bring it forward, and the short-lived cookie is still good.',
        zh: '提前一些，短命的 Cookie 就还没有过期。',
      },
      group: 'http',
      paths: ['apps.browser.requests.2.at'],
      kind: 'number',
      unit: 'us',
      min: 500_000,
      max: 20_000_000,
      step: 100_000,
    },
    {
      id: 'http-only',
      label: { en: 'HttpOnly', zh: 'HttpOnly 标志' },
      hint: {
        en: 'Keeps scripts in the page from reading the cookie. Nothing on the wire changes but the flag.',
        zh: '不让页面脚本读取 Cookie。线路上除了这个标志什么都不变。',
      },
      group: 'http',
      paths: [`${SESSION}.httpOnly`],
      kind: 'switch',
    },
    {
      id: 'same-site',
      label: { en: 'SameSite', zh: 'SameSite 标志' },
      hint: {
        en: 'Whether the cookie goes along when another site has caused the request. Browsers take None only together with Secure.',
        zh: '由其他网站引发的请求是否带上这个 Cookie。None 必须与 Secure 同用，否则浏览器不收。',
      },
      group: 'http',
      paths: [`${SESSION}.sameSite`],
      kind: 'choice',
      options: [
        { value: 'strict', label: { en: 'Strict: never', zh: 'Strict：一概不带' } },
        { value: 'lax', label: { en: 'Lax: only when a link is followed', zh: 'Lax：只在点击链接时带' } },
        { value: 'none', label: { en: 'None: always', zh: 'None：总是带' } },
      ],
    },
    ...PATH_KNOBS,
  ],
  expectations: [
    {
      id: 'one-session',
      text: { en: 'With cookies, four requests are 1 session', zh: '接受 Cookie，四个请求属于 1 个会话' },
      metric: 'kept/sessions_created',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'The number that the first response sets comes back with the three requests after it.',
        zh: '第一个响应发下的编号，随后三个请求都会带回来。',
      },
      given: [TAKEN],
    },
    {
      id: 'cookies-sent',
      text: { en: 'The cookie is sent 3 times', zh: 'Cookie 发送了 3 次' },
      metric: 'kept/cookies_sent',
      op: '=',
      value: 3,
      unit: 'count',
      why: {
        en: 'With each request but the first, without the page having to do anything about it (RFC 6265, 5.4).',
        zh: '除第一个请求外每次都带，页面无须过问（RFC 6265，5.4）。',
      },
      given: [TAKEN],
    },
    {
      id: 'strangers',
      text: { en: 'Without cookies there are 4 sessions', zh: '不收 Cookie，就有 4 个会话' },
      metric: 'refused/sessions_created',
      op: '=',
      value: 4,
      unit: 'count',
      why: {
        en: 'HTTP is stateless (RFC 9110, 3.3): nothing in the second request says that there was a first.',
        zh: 'HTTP 是无状态的（RFC 9110，3.3）：第二个请求里没有任何东西说明曾有过第一个。',
      },
    },
    {
      id: 'rewritten-session',
      text: { en: 'With the number in the URL it is 1 again', zh: '把编号写进 URL，又是 1 个' },
      metric: 'rewritten/sessions_created',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'To the server it makes no difference where the number stands. It does to everyone who sees the address.',
        zh: '编号放在哪里，对服务器没有区别；对每个看得到网址的人，区别就大了。',
      },
    },
    {
      id: 'rewritten-cookies',
      text: { en: 'And no cookie is sent', zh: '而没有发送任何 Cookie' },
      metric: 'rewritten/cookies_sent',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'URL rewriting is what a site does in place of cookies, not together with them.',
        zh: 'URL 重写是用来代替 Cookie 的，不是和它配合的。',
      },
    },
    {
      id: 'expired',
      text: { en: 'A cookie that expires in the pause makes 2', zh: 'Cookie 在停顿中过期，就是 2 个会话' },
      metric: 'short/sessions_created',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'Max-Age counts from the moment at which the cookie was received (RFC 6265, 5.2.2). After the pause the browser has thrown it away.',
        zh: 'Max-Age 从收到 Cookie 的那一刻算起（RFC 6265，5.2.2）。停顿之后浏览器已经把它丢掉了。',
      },
      given: [TAKEN, ...PUNCTUAL, is('apps.browser.requests.2.at', AFTER)],
    },
    {
      id: 'in-time',
      text: {
        en: 'Without the pause, the short-lived cookie is sent 2 times',
        zh: '没有停顿，短命的 Cookie 能用上 2 次',
      },
      metric: 'short/cookies_sent',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'All three requests fall within the second for which the cookie is good; the fourth comes too late.',
        zh: '前三个请求都在 Cookie 有效的一秒之内，第四个来得太晚。',
      },
      given: [TAKEN, ...PUNCTUAL, is('apps.browser.requests.2.at', BEFORE)],
    },
    {
      id: 'secure-withheld',
      text: {
        en: 'Over HTTP a Secure cookie is not sent: 4 sessions',
        zh: '走 HTTP 时不发送 Secure Cookie：4 个会话',
      },
      metric: 'secure/sessions_created',
      op: '=',
      value: 4,
      unit: 'count',
      why: {
        en: 'In the clear everyone on the way could read the number and be the visitor. The browser withholds it (RFC 6265, 5.4).',
        zh: '明文传输时，沿途谁都能读到编号，冒充这位访客。浏览器因此扣下不发（RFC 6265，5.4）。',
      },
    },
    {
      id: 'secure-sent',
      text: { en: 'Over HTTPS it is 1', zh: '走 HTTPS 则是 1 个' },
      metric: 'secure-tls/sessions_created',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'TLS hides the cookie from everybody but the two ends.',
        zh: 'TLS 使得除两端以外谁也看不到这个 Cookie。',
      },
    },
    {
      id: 'forged-post',
      text: {
        en: 'Of two requests that another site causes, 1 carries the cookie',
        zh: '其他网站引发的两个请求中，只有 1 个带上 Cookie',
      },
      metric: 'forged/cookies_sent',
      op: '=',
      value: 1,
      unit: 'count',
      why: {
        en: 'Lax lets it go with a link that is followed, and not with a POST (RFC 6265bis, 5.6.7).',
        zh: 'Lax 允许点击链接时带上，POST 则不带（RFC 6265bis，5.6.7）。',
      },
      given: [is(`${SESSION}.sameSite`, 'lax')],
    },
    {
      id: 'forged-stranger',
      text: {
        en: 'The forged POST is that of a stranger: 2 sessions',
        zh: '伪造的 POST 来自陌生人：2 个会话',
      },
      metric: 'forged/sessions_created',
      op: '=',
      value: 2,
      unit: 'count',
      why: {
        en: 'The server cannot tell who caused it and opens a new record; whatever it does there, it does not do to the visitor. The link afterwards finds the old one.',
        zh: '服务器不知道是谁，只好新建一份记录；不管它在那里做了什么，都不会落到访客头上。之后的链接仍然找到原来那份。',
      },
      given: [is(`${SESSION}.sameSite`, 'lax')],
    },
    {
      id: 'forged-strict',
      text: { en: 'Under Strict neither carries it', zh: '设为 Strict 时，两个都不带' },
      metric: 'forged/cookies_sent',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'Whatever another site causes goes without. Safe, and a nuisance to whoever comes by a link in a mail.',
        zh: '凡由其他网站引发的请求一律不带。安全是安全，但从邮件里点链接进来的人就麻烦了。',
      },
      given: [is(`${SESSION}.sameSite`, 'strict')],
    },
    {
      id: 'cost',
      text: { en: 'Cookies make requests longer', zh: 'Cookie 会加长请求' },
      metric: 'kept/request_header_bytes',
      op: '>',
      value: 'refused/request_header_bytes',
      unit: 'B',
      why: {
        en: 'The cookie travels with every request to the site, for images and scripts as well. HTTP/2 compresses the repetition away (see http2-hpack).',
        zh: '发往该网站的每个请求都带着它，取图片和脚本也不例外。HTTP/2 会把这种重复压缩掉（见 http2-hpack）。',
      },
      given: [TAKEN],
    },
  ],
  views: ['waterfall', 'layers', 'ladder', 'packets', 'topology'],
  duration: 60_000_000,
  prediction: {
    question: {
      en: 'A browser that keeps no cookies asks the same site four times. How many sessions does the server create?',
      zh: '一个不收 Cookie 的浏览器向同一网站请求四次。服务器会建立几个会话？',
    },
    choices: [
      {
        text: {
          en: 'One: the requests come over the same connection',
          zh: '一个：请求走的是同一条连接',
        },
        right: false,
        because: {
          en: 'HTTP gives no meaning to the connection: proxies let many users share one, and one user has many (RFC 9110, 3.3).',
          zh: 'HTTP 不赋予连接任何含义：代理会让许多用户共用一条连接，一个用户也会用好几条（RFC 9110，3.3）。',
        },
      },
      {
        text: {
          en: 'One: the server knows the address of the client',
          zh: '一个：服务器认得客户端的地址',
        },
        right: false,
        because: {
          en: 'Behind one address there may be a whole company, and a telephone changes its address on the way. It identifies nobody.',
          zh: '一个地址背后可能是整个公司，手机走在路上也会换地址。地址认不出人。',
        },
      },
      {
        text: { en: 'Four', zh: '四个' },
        right: true,
        because: {
          en: 'No request brings back what the one before was given, so each visitor is new.',
          zh: '每个请求都没有带回上一次发下的编号，于是每次都是新访客。',
        },
      },
    ],
  },
}
