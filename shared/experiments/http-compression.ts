/** 压缩与内容协商: the same text in three codings, and one photograph in three formats. */
import type { ExperimentInput } from '../experiment.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'

/** A narrow link, on which bytes take time. */
const RATE = 500_000
const TEXT = 50_000
const JPEG = 80_000
const WEBP = 52_000
const AVIF = 36_000

const CODINGS = 'apps.browser.requests.0.fields.accept-encoding'
const asksForPhoto = (accept: string) => ({
  'apps.browser.requests': [{ target: '/photo', fields: { accept } }],
})
/** Time is claimed of only while it is bytes that take it. */
const NARROW = [
  ...UNDISTURBED,
  is('links.link.up.rate.limit', 200_000, RATE, 1_000_000, 2_000_000),
  is('links.link.down.rate.limit', 200_000, RATE, 1_000_000, 2_000_000),
]

export const httpCompression: ExperimentInput = {
  id: 'http-compression',
  chapter: 'http',
  title: { en: 'Compression and content negotiation', zh: '压缩与内容协商' },
  question: {
    en: 'How do a browser and a site agree on the form in which something is sent, and what does the choice save?',
    zh: '浏览器和网站怎样商定内容以什么形式传输？选对了能省多少？',
  },
  narrative: [
    {
      en: 'The first three rows fetch the same text of 50 kB over a link of 500 kbit/s. Each request says in Accept-Encoding what the browser can unpack, and the site answers in the coding that suits both, named in Content-Encoding: as it is, with gzip, or with Brotli (br). What the reader gets is the same to the byte, for these codings are lossless. What crosses the link is not, and on a narrow link the time goes with the bytes.',
      zh: '前三行经一条 500 kbit/s 的链路取同一篇 50 kB 的文本。请求用 Accept-Encoding 说明浏览器会解哪些编码，网站选一种双方都行的来应答，并在 Content-Encoding 里写明：原样、gzip 或 Brotli（br）。这些编码都是无损的，读者得到的内容一个字节也不差；链路上传的却大不相同，而在窄链路上，时间与字节成正比。',
    },
    {
      en: 'The fourth row wishes for something else: br;q=0.3, gzip. A number after q= is a weight from 0 to 1 (RFC 9110, 12.4.2); without one it is 1. So gzip is liked better here, and gzip it becomes, although br would be shorter and the site can do both. A weight of 0 means: not this one at all.',
      zh: '第四行另有偏好：br;q=0.3, gzip。q= 后面是 0 到 1 之间的权重（RFC 9110，12.4.2），不写就是 1。所以这里更喜欢 gzip，于是就用 gzip，尽管 br 更短、网站两种都会。权重为 0 表示绝对不要。',
    },
    {
      en: 'The last three rows ask for a photograph, which the site keeps in three formats: JPEG, WebP and AVIF. These compress with loss, each more cunningly than the one before, so they are different representations of one resource, chosen by Accept. A browser that knows them all and prefers the short ones gets the AVIF; one that knows only JPEG gets that; and one that gives JPEG the greater weight gets it although it knows the others.',
      zh: '后三行请求一张照片，网站存有 JPEG、WebP、AVIF 三种格式。它们都是有损压缩，一个比一个巧妙，是同一资源的不同表示，由 Accept 选择。三种都认得、又偏好短的浏览器拿到 AVIF；只认得 JPEG 的拿到 JPEG；把更大的权重给 JPEG 的，即使认得另外两种，拿到的还是 JPEG。',
    },
    {
      en: 'The q here is often taken for the quality of the picture. It is not: image/webp;q=0.8 does not ask for a WebP of 80 % quality, it says how gladly WebP is taken in comparison with the rest of the list. How strongly the picture is compressed the site has decided when it made the file. The two fields must not be confused either: Accept chooses between representations, Accept-Encoding how the chosen one is packed for the way.',
      zh: '这里的 q 常被误认为图像质量。其实不然：image/webp;q=0.8 不是要一张质量 80% 的 WebP，而是说与列表中其他格式相比，对 WebP 有多中意。图像压缩到什么程度，是网站制作文件时就定下的。这两个字段也不要混淆：Accept 在不同的表示之间选择，Accept-Encoding 决定选中的那个在路上怎样打包。',
    },
    {
      en: 'Because the answer depends on what was asked, the site adds Vary: a cache must not give the Brotli text to a browser that cannot unpack it. And neither JPEG nor WebP nor AVIF gets a content coding on top, for what is compressed already does not become shorter, only later. Compressing costs time of its own, too: strong settings are for files that are packed once and fetched often, fast ones for what is made anew for each request.',
      zh: '应答取决于请求，所以网站要加上 Vary 字段：缓存不得把 Brotli 文本交给不会解它的浏览器。JPEG、WebP、AVIF 不再叠加内容编码，因为压缩过的东西再压也不会变短，只会变慢。压缩本身也要时间：打包一次、反复下载的文件宜用高压缩率，每次请求现生成的内容宜用快速档。',
    },
    {
      en: 'Widen the link, and the rows draw together: what a byte costs depends on the path. Only the header fields stay as they are. HTTP/1.1 never compresses those; see http2-hpack.',
      zh: '把链路调宽，各行就靠拢了：一个字节值多少，取决于路径。始终不变的是首部，HTTP/1.1 从不压缩它们；请看 http2-hpack。',
    },
  ],
  rfcs: [
    { number: 9110, title: 'HTTP Semantics: 8.4 (Content-Encoding), 12 (Content Negotiation)' },
    { number: 1952, title: 'GZIP file format specification version 4.3' },
    { number: 7932, title: 'Brotli Compressed Data Format' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(20_000, RATE),
    apps: {
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        requests: [{ target: '/article', fields: { 'accept-encoding': 'identity' } }],
      },
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        versions: ['http/1.1'],
        resources: {
          '/article': { type: 'text/html', size: TEXT, compressible: true },
          '/photo': {
            variants: [
              { type: 'image/jpeg', size: JPEG },
              { type: 'image/webp', size: WEBP },
              { type: 'image/avif', size: AVIF },
            ],
          },
        },
      },
    },
  },
  lanes: [
    { id: 'identity', label: { en: 'Text as it is', zh: '文本，原样' } },
    { id: 'gzip', label: { en: 'Text, gzip', zh: '文本，gzip' }, set: { [CODINGS]: 'gzip' } },
    { id: 'br', label: { en: 'Text, br', zh: '文本，br' }, set: { [CODINGS]: 'gzip, br' } },
    {
      id: 'weighted',
      label: { en: 'Text, br;q=0.3, gzip', zh: '文本，br;q=0.3, gzip' },
      set: { [CODINGS]: 'br;q=0.3, gzip' },
    },
    {
      id: 'new-browser',
      label: { en: 'Photograph, AVIF first', zh: '照片，首选 AVIF' },
      set: asksForPhoto('image/avif, image/webp;q=0.8, image/jpeg;q=0.5'),
    },
    {
      id: 'old-browser',
      label: { en: 'Photograph, JPEG only', zh: '照片，只认 JPEG' },
      set: asksForPhoto('image/jpeg'),
    },
    {
      id: 'jpeg-first',
      label: { en: 'Photograph, JPEG first', zh: '照片，首选 JPEG' },
      set: asksForPhoto('image/jpeg, image/webp;q=0.8, image/*;q=0.2'),
    },
  ],
  knobs: [
    {
      id: 'size',
      label: { en: 'Length of the text', zh: '文本长度' },
      hint: {
        en: 'A short text gains little: a compressor needs something to refer back to.',
        zh: '短文本收效甚微：压缩要靠前文可供引用。',
      },
      group: 'http',
      paths: ['apps.site.resources./article.size'],
      kind: 'number',
      unit: 'B',
      min: 100,
      max: 500_000,
      scale: 'log',
    },
    ...PATH_KNOBS,
  ],
  expectations: [
    {
      id: 'identity-bytes',
      text: { en: 'Uncompressed, 50 kB are 50 kB', zh: '不压缩，50 kB 就传 50 kB' },
      metric: 'identity/encoded_bytes',
      op: '=',
      value: TEXT,
      unit: 'B',
      why: {
        en: 'Identity is no coding: the content is sent as it is (RFC 9110, 12.5.3).',
        zh: 'identity 即不编码，内容原样发送（RFC 9110，12.5.3）。',
      },
      given: [is('apps.site.resources./article.size', TEXT)],
    },
    {
      id: 'gzip-bytes',
      text: { en: 'gzip sends less than half of it', zh: 'gzip 传输不到一半' },
      metric: 'gzip/coding_ratio',
      op: '<',
      value: 0.5,
      unit: 'ratio',
      why: {
        en: 'Words that come again are replaced by references to where they stood before, and frequent letters get short codes (DEFLATE: LZ77 and Huffman).',
        zh: '重复出现的词换成对前文位置的引用，常见字母用短码（DEFLATE，即 LZ77 加霍夫曼编码）。',
      },
      given: [is('apps.site.resources./article.size', TEXT)],
    },
    {
      id: 'br-bytes',
      text: { en: 'br sends less than gzip', zh: 'br 比 gzip 传得更少' },
      metric: 'br/encoded_bytes',
      op: '<',
      value: 'gzip/encoded_bytes',
      unit: 'B',
      why: {
        en: 'It looks back further than the 32 kB of DEFLATE, chooses its codes by context, and brings a dictionary of common words along (RFC 7932).',
        zh: '它回看的范围超过 DEFLATE 的 32 kB，按上下文选用编码，还自带一部常用词词典（RFC 7932）。',
      },
      given: [is('apps.site.resources./article.size', TEXT)],
    },
    {
      id: 'lossless',
      text: { en: 'What is read is equally long', zh: '读到的内容一样长' },
      metric: 'br/content_bytes',
      op: '=',
      value: 'identity/content_bytes',
      unit: 'B',
      why: {
        en: 'A content coding is lossless: it is taken off again, and what comes out is what went in.',
        zh: '内容编码是无损的：解开之后，与编码之前完全一样。',
      },
    },
    {
      id: 'weights',
      text: {
        en: 'With br;q=0.3, gzip the site takes gzip',
        zh: '写成 br;q=0.3, gzip，网站就用 gzip',
      },
      metric: 'weighted/encoded_bytes',
      op: '=',
      value: 'gzip/encoded_bytes',
      unit: 'B',
      why: {
        en: 'RFC 9110 (12.5.3): the acceptable coding with the highest weight is preferred; gzip has 1.',
        zh: 'RFC 9110（12.5.3）：在可接受的编码中优先权重最大的，而 gzip 的权重是 1。',
      },
    },
    {
      id: 'gzip-time',
      text: { en: 'On a narrow link gzip saves time', zh: '链路窄时，gzip 省时间' },
      metric: 'gzip/page_time',
      op: '<',
      value: 'identity/page_time',
      unit: 'us',
      why: {
        en: 'At 500 kbit/s each kilobyte takes 16 ms. Both rows spend the same round trips; the rest of their time is bytes.',
        zh: '500 kbit/s 时每 kB 要 16 毫秒。两行的往返次数相近，其余时间都花在字节上。',
      },
      given: [...NARROW, is('apps.site.resources./article.size', TEXT)],
    },
    {
      id: 'avif',
      text: { en: 'Who likes AVIF best gets the 36 kB', zh: '首选 AVIF 的得到 36 kB 的那份' },
      metric: 'new-browser/content_bytes',
      op: '=',
      value: AVIF,
      unit: 'B',
      why: {
        en: 'It has weight 1, the others less (RFC 9110, 12.5.1).',
        zh: '它的权重是 1，其余较小（RFC 9110，12.5.1）。',
      },
    },
    {
      id: 'jpeg',
      text: { en: 'Who knows only JPEG gets the 80 kB', zh: '只认 JPEG 的得到 80 kB 的那份' },
      metric: 'old-browser/content_bytes',
      op: '=',
      value: JPEG,
      unit: 'B',
      why: {
        en: 'A type that Accept does not name is not acceptable.',
        zh: 'Accept 里没有列出的类型，就是不接受。',
      },
    },
    {
      id: 'jpeg-by-weight',
      text: {
        en: 'Who gives JPEG the greatest weight gets 80 kB as well',
        zh: '给 JPEG 最大权重的，得到的同样是 80 kB',
      },
      metric: 'jpeg-first/content_bytes',
      op: '=',
      value: JPEG,
      unit: 'B',
      why: {
        en: 'The weights are those of the browser. They say what it likes, not what is short and not what is good.',
        zh: '权重由浏览器给出，说的是它喜欢什么，不是哪个短，也不是哪个好。',
      },
    },
  ],
  views: ['waterfall', 'layers', 'goodput', 'sequence', 'ladder', 'packets', 'topology'],
  duration: 300_000_000,
  prediction: {
    question: {
      en: 'A browser sends Accept: image/webp;q=0.8, image/jpeg;q=0.5. What does it ask for?',
      zh: '浏览器发送 Accept: image/webp;q=0.8, image/jpeg;q=0.5。它要的是什么？',
    },
    choices: [
      {
        text: {
          en: 'A WebP of 80 % quality, or a JPEG of 50 %',
          zh: '质量 80% 的 WebP，或质量 50% 的 JPEG',
        },
        right: false,
        because: {
          en: 'HTTP knows nothing of the quality of pictures; q is a weight for the choice.',
          zh: 'HTTP 不管图像质量，q 是用于选择的权重。',
        },
      },
      {
        text: {
          en: 'WebP if there is one, else JPEG',
          zh: '有 WebP 就要 WebP，否则要 JPEG',
        },
        right: true,
        because: {
          en: 'The higher weight is preferred among what the site has. Only the order of the weights matters here.',
          zh: '在网站有的格式里优先权重大的。这里要紧的只是权重的大小次序。',
        },
      },
      {
        text: {
          en: 'WebP four times out of five',
          zh: '五次里有四次要 WebP',
        },
        right: false,
        because: {
          en: 'Weights are no probabilities: the same request has the same answer each time.',
          zh: '权重不是概率：同样的请求每次得到同样的应答。',
        },
      },
    ],
  },
}
