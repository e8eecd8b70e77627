/** 证书链验证: one chain that is good and six of which each has one thing wrong with it. */
import type { ExperimentInput, Text } from '../experiment.ts'
import type { CertificateFault } from '../tls.ts'
import { bothEnds, TLS_KNOBS, tlsBrowser, tlsSite } from './tls-knobs.ts'
import { is, PATH_KNOBS, UNDISTURBED, WEB_HOSTS, webLink } from './web.ts'

const ACCEPT_ANYWAY = 'apps.browser.tls.acceptAnyway'
const SERVER_NAME = 'apps.browser.tls.serverName'
const STRICT = [...UNDISTURBED, is(ACCEPT_ANYWAY, false), is(SERVER_NAME, 'server.lab')]
const SIZE = 1_000

interface Fault {
  readonly lane: Exclude<CertificateFault, 'none'>
  readonly label: Text
  /** As OpenSSL names the failure (X509_V_ERR_...), and Node that of the host; in the letters of its metric. */
  readonly code: string
  readonly why: Text
}

const FAULTS: readonly Fault[] = [
  {
    lane: 'tampered',
    label: { en: 'Tampered', zh: '被篡改' },
    code: 'cert_signature_failure',
    why: {
      en: 'One bit of the name in the leaf is flipped. The hash of what the intermediate signed is another now, and the signature does not fit it (RFC 5280 6.1.3 a 1).',
      zh: '叶证书的名字里有一个比特被翻转。中间证书签过的内容哈希变了，签名对不上（RFC 5280 6.1.3 a 1）。',
    },
  },
  {
    lane: 'expired',
    label: { en: 'Expired', zh: '已过期' },
    code: 'cert_has_expired',
    why: {
      en: 'The chain is genuine, but its notAfter lies one day before the time of the laboratory, 2026-01-01 (RFC 5280 6.1.3 a 2).',
      zh: '证书是真的，但它的 notAfter 比实验室的时间 2026-01-01 早一天（RFC 5280 6.1.3 a 2）。',
    },
  },
  {
    lane: 'not-yet-valid',
    label: { en: 'Not yet valid', zh: '尚未生效' },
    code: 'cert_not_yet_valid',
    why: {
      en: 'Its notBefore lies in the future. In the field it is more often the clock of the client that is wrong (RFC 5280 6.1.3 a 2).',
      zh: '它的 notBefore 还没有到。现实中更常见的是客户端自己的时钟不准（RFC 5280 6.1.3 a 2）。',
    },
  },
  {
    lane: 'wrong-host',
    label: { en: 'Wrong host', zh: '主机名不符' },
    code: 'err_tls_cert_altname_invalid',
    why: {
      en: 'A genuine certificate, for elsewhere.lab. The client asked for server.lab and compares that with the subject alternative names (RFC 9525 6.3).',
      zh: '证书是真的，但属于 elsewhere.lab。客户端要访问的是 server.lab，它拿这个名字与证书的主体备用名称比对（RFC 9525 6.3）。',
    },
  },
  {
    lane: 'unknown-root',
    label: { en: 'Unknown root', zh: '根不受信任' },
    code: 'unable_to_get_issuer_cert_locally',
    why: {
      en: 'Every signature holds, up to a root that the client does not have in its store. Anyone can make such a chain (RFC 5280 6.1.1 d).',
      zh: '每个签名都成立，但最顶端的根不在客户端的信任库里。这样的证书链谁都能造（RFC 5280 6.1.1 d）。',
    },
  },
  {
    lane: 'missing-intermediate',
    label: { en: 'Missing intermediate', zh: '缺中间证书' },
    code: 'unable_to_verify_leaf_signature',
    why: {
      en: 'The server sends its leaf alone. It is signed by the intermediate, whose key the client does not have; the root in its store is of no use (RFC 8446 4.4.2).',
      zh: '服务器只发了叶证书。它由中间证书签名，而客户端没有中间证书的公钥；信任库里的根在这里用不上（RFC 8446 4.4.2）。',
    },
  },
]

const claimsOf = ({ lane, label, code, why }: Fault): ExperimentInput['expectations'] => [
  {
    id: `${lane}-refused`,
    text: {
      en: `${label.en}: refused as ${code.toUpperCase()}`,
      zh: `${label.zh}：以 ${code.toUpperCase()} 拒绝`,
    },
    metric: `${lane}/tls_failed_${code}`,
    op: '=',
    value: 1,
    unit: 'count',
    why,
    given: STRICT,
  },
  {
    id: `${lane}-silent`,
    text: { en: `${label.en}: not a byte of content`, zh: `${label.zh}：一个字节的内容也没有收到` },
    metric: `${lane}/content_bytes`,
    op: '=',
    value: 0,
    unit: 'B',
    why: {
      en: 'The client hangs up before it asks for anything. Encryption without knowing to whom is worth nothing.',
      zh: '客户端在提出请求之前就断开了。不知道对方是谁，加密毫无意义。',
    },
    given: STRICT,
  },
]

export const certificates: ExperimentInput = {
  id: 'certificates',
  chapter: 'tls',
  title: { en: 'The certificate chain', zh: '证书链验证' },
  question: {
    en: 'A server shows a chain of certificates that anyone could have copied. What does the client check, in which order, and what does each check protect it from?',
    zh: '服务器出示的证书链谁都可以复制。客户端检查哪些内容，依次检查什么，每一步各防什么？',
  },
  narrative: [
    {
      en: 'A certificate says: this public key belongs to this name, from this day to that one. A certification authority hashes these statements and signs the hash with its private key. The client hashes them, too, and verifies the signature with the public key of the issuer. It is often said that the signature is decrypted and the two hashes are compared; this fits RSA in its oldest form, but RSA-PSS and ECDSA do not decrypt anything: they answer yes or no.',
      zh: '证书说的是：这把公钥在某日到某日之间属于这个名字。证书机构对这些内容求哈希，再用自己的私钥对哈希签名。客户端也求一遍哈希，用签发者的公钥验证签名。常见的说法是“解密签名，再比较两个哈希”，这只适合最老的那种 RSA 签名；RSA-PSS 和 ECDSA 并不解密出什么，验证的结果只有“是”或“否”。',
    },
    {
      en: 'The issuer of the leaf is an intermediate, whose own certificate is signed by the root. The server sends leaf and intermediate. The root it need not send, for a root vouches only for itself: it counts because it is in the store of the client, put there by the maker of the system, and for no other reason. The intermediate lets the key of the root stay locked away, and can be replaced when it is lost.',
      zh: '叶证书由中间证书签发，中间证书又由根签发。服务器发送叶证书和中间证书。根不必发，因为根只能自己证明自己：它之所以算数，仅仅因为系统厂商把它放进了客户端的信任库。有了中间证书，根的私钥可以一直锁着不用；中间证书出了事也可以更换。',
    },
    {
      en: 'The view of certificates goes up the chain and shows for each step what was compared with what. Does the issuer of this one bear the name of the next? Does the signature hold under its key? Is today within the dates? May the issuer be an issuer at all (basic constraints, key usage)? Without that last check everyone with a certificate for his own site could sign one for any other. For the leaf: does it carry the name that the client asked for? And at the top: is this root in the store?',
      zh: '证书视图沿着链逐级向上，列出每一步拿什么和什么比较。这一张的签发者，是不是下一张的主体？用它的公钥验证，签名成立吗？今天在有效期之内吗？签发者有资格签发证书吗（基本约束、密钥用途）？少了这一步，任何有自己网站证书的人都能给别的网站签发证书。对叶证书还要问：它带有客户端要访问的名字吗？到了顶端：这个根在信任库里吗？',
    },
    {
      en: 'Six lanes have one thing wrong each, and each fails for its own reason. The names are those of OpenSSL, but for that of the host: Node compares it by itself, after OpenSSL has passed the chain. Two of them are easily mistaken for one another. With an unknown root the chain is whole, but nobody whom the client trusts stands at its top. With a missing intermediate the top is trusted, but the chain does not reach it: the most common mistake of administrators, and one that a browser often hides, since it remembers intermediates from other sites or fetches them by itself.',
      zh: '六组各有一处毛病，各以自己的原因失败。错误名取自 OpenSSL，唯有主机名那一项例外：它由 Node 在 OpenSSL 验过证书链之后自行比对。其中两种容易混淆：“根不受信任”时链是完整的，但顶端不是客户端信任的人；“缺中间证书”时顶端可信，链却够不着它。后者是管理员最常犯的错误，而且浏览器往往会替它遮掩：浏览器记得从别的网站见过的中间证书，或者自己去下载。',
    },
    {
      en: 'How does the server learn of it? RFC 8446 (6.2) has alerts for this, such as certificate_expired or unknown_ca, and most clients send one. The client here does not: Node looks at the verdict when its handshake is done, and closes the connection without a word. The server sees nothing but its end.',
      zh: '服务器怎么知道？RFC 8446（6.2）为此准备了警报，例如 certificate_expired 和 unknown_ca，多数客户端都会发送。这里的客户端不发：Node 等握手走完才看验证结果，然后一声不响地关闭连接。服务器看到的只是连接结束了。',
    },
    {
      en: 'A valid chain alone proves nothing about the one who shows it, since anyone can copy it. The proof is the signature in the handshake, made with the private key that belongs to the leaf; see the experiments on ECDHE and TLS 1.3. Whether a certificate was revoked is a further question, and is not asked here.',
      zh: '证书链有效，并不证明出示它的人是谁，因为谁都能复制。真正的证明是握手中的签名，由叶证书对应的私钥做出，见 ECDHE 和 TLS 1.3 两个实验。证书是否已被吊销是另一个问题，这里不涉及。',
    },
    {
      en: 'Switch on "accept anyway" and the six connections carry their content as if nothing were wrong: the warning that one clicks away. The failed checks stay in the list.',
      zh: '打开“仍然接受”，六条连接都照常收到内容，好像什么也没发生：这就是随手点掉的那个警告。没有通过的检查仍留在列表里。',
    },
  ],
  rfcs: [
    {
      number: 5280,
      title: 'Internet X.509 Public Key Infrastructure Certificate and CRL Profile: 4.2 and 6.1',
    },
    { number: 9525, title: 'Service Identity in TLS' },
    { number: 8446, title: 'The Transport Layer Security (TLS) Protocol Version 1.3: 4.4.2 and 6.2' },
  ],
  setup: {
    hosts: WEB_HOSTS,
    links: webLink(20_000),
    apps: {
      site: tlsSite({ certificateFault: 'none' }, SIZE),
      browser: tlsBrowser({ serverName: 'server.lab', acceptAnyway: false }),
    },
  },
  lanes: [
    { id: 'good', label: { en: 'Good', zh: '完好' } },
    ...FAULTS.map(({ lane, label }) => ({
      id: lane,
      label,
      set: { 'apps.site.tls.certificateFault': lane },
    })),
  ],
  knobs: [
    {
      id: 'accept-anyway',
      label: { en: 'Accept anyway', zh: '仍然接受' },
      hint: {
        en: 'Go on although a check failed. The failure stays in the trace.',
        zh: '检查没有通过也继续。失败的结果仍保留在记录中。',
      },
      group: 'tls',
      paths: [ACCEPT_ANYWAY],
      kind: 'switch',
    },
    {
      id: 'server-name',
      label: { en: 'Name that the client asks for', zh: '客户端要访问的名字' },
      hint: {
        en: 'Ask for elsewhere.lab, and only the certificate that was wrong before is right.',
        zh: '改为 elsewhere.lab，原先主机名不符的那张反而成了唯一正确的。',
      },
      group: 'tls',
      paths: [SERVER_NAME],
      kind: 'choice',
      options: [
        { value: 'server.lab', label: { en: 'server.lab', zh: 'server.lab（本站）' } },
        { value: 'elsewhere.lab', label: { en: 'elsewhere.lab', zh: 'elsewhere.lab（别处）' } },
      ],
    },
    {
      id: 'version',
      label: { en: 'Version of TLS', zh: 'TLS 版本' },
      group: 'tls',
      paths: bothEnds('version'),
      kind: 'choice',
      options: [
        { value: '1.2', label: { en: 'TLS 1.2', zh: 'TLS 1.2 版' } },
        { value: '1.3', label: { en: 'TLS 1.3', zh: 'TLS 1.3 版' } },
      ],
    },
    { ...TLS_KNOBS.certificate, paths: ['apps.site.tls.certificate'] },
    ...PATH_KNOBS,
  ],
  expectations: [
    {
      id: 'good-checks',
      text: { en: 'Good: every check holds', zh: '完好：每一项检查都通过' },
      metric: 'good/certificate_checks_failed',
      op: '=',
      value: 0,
      unit: 'count',
      why: {
        en: 'RFC 5280 (6.1): leaf, intermediate and root fit together, today lies within their dates, and the root is in the store.',
        zh: 'RFC 5280（6.1）：叶证书、中间证书和根环环相扣，今天在有效期内，根在信任库里。',
      },
      given: STRICT,
    },
    {
      id: 'good-content',
      text: { en: 'Good: the content arrives', zh: '完好：收到内容' },
      metric: 'good/content_bytes',
      op: '=',
      value: SIZE,
      unit: 'B',
      why: {
        en: 'Without a chain that is accepted the refusals of the others would prove nothing.',
        zh: '要有一条被接受的链，其余的拒绝才说明问题。',
      },
      given: STRICT,
    },
    ...FAULTS.flatMap(claimsOf),
    {
      id: 'accepted-anyway',
      text: {
        en: 'Accepted anyway, even a tampered certificate carries content',
        zh: '仍然接受时，被篡改的证书也照样收到内容',
      },
      metric: 'tampered/content_bytes',
      op: '=',
      value: SIZE,
      unit: 'B',
      why: {
        en: 'The checks are what stands between the client and an impostor; the encryption does not mind.',
        zh: '挡在客户端和冒充者之间的只有这些检查，加密本身并不在意对方是谁。',
      },
      given: [...UNDISTURBED, is(ACCEPT_ANYWAY, true)],
    },
    {
      id: 'other-name',
      text: {
        en: 'Asked for elsewhere.lab, the certificate of elsewhere.lab is right',
        zh: '访问 elsewhere.lab 时，elsewhere.lab 的证书就是对的',
      },
      metric: 'wrong-host/content_bytes',
      op: '=',
      value: SIZE,
      unit: 'B',
      why: {
        en: 'Nothing was wrong with it but the name that it was shown for.',
        zh: '它本来没有毛病，只是用错了名字。',
      },
      given: [...UNDISTURBED, is(SERVER_NAME, 'elsewhere.lab')],
    },
  ],
  views: ['certificates', 'tls', 'ladder', 'packets', 'layers', 'topology'],
  duration: 120_000_000,
  prediction: {
    question: {
      en: 'A server sends its own certificate, valid and genuine, but forgets the intermediate. The client has the root in its store. What happens?',
      zh: '服务器发来自己的证书，真实有效，却漏发了中间证书。客户端的信任库里有根证书。结果如何？',
    },
    choices: [
      {
        text: { en: 'It is accepted: the root is trusted', zh: '接受：根是受信任的' },
        right: false,
        because: {
          en: 'The root did not sign the leaf. To get from the one to the other one needs the key in the intermediate.',
          zh: '叶证书不是根签的。从叶到根，中间要用到中间证书里的公钥。',
        },
      },
      {
        text: {
          en: 'It is refused: the signature of the leaf cannot be verified',
          zh: '拒绝：无法验证叶证书的签名',
        },
        right: true,
        because: {
          en: 'The client has no key to verify it with. Nothing is known to be false, but nothing can be proven.',
          zh: '客户端手里没有可用来验证的公钥。并没有发现伪造，但什么也证明不了。',
        },
      },
      {
        text: { en: 'It is refused: the certificate was tampered with', zh: '拒绝：证书被篡改过' },
        right: false,
        because: {
          en: 'For that a signature must have been checked and found wrong. Here it could not even be checked.',
          zh: '说“被篡改”，前提是验过签名并发现不对；这里连验都没法验。',
        },
      },
    ],
  },
}
