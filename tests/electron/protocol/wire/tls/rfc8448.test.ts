/** The "Simple 1-RTT Handshake" of RFC 8448 3: its key schedule and its records. */
import { describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../../../electron/engine/node-crypto.ts'
import { hexOf } from '../../../../../electron/protocol/wire/tls/key-log.ts'
import {
  hkdfExpandLabel,
  nextTrafficSecret,
  trafficKeys,
} from '../../../../../electron/protocol/wire/tls/key-schedule.ts'
import { courseOf, dataOf, of, readTls } from '../../../../support/tls-reading.ts'
import { hexBytes, record } from '../../../../support/tls-records.ts'

const CLIENT_HELLO =
  hexBytes(`010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113
  031302010000910000000b0009000006736572766572ff01000100000a00140012001d00170018001901000101010201030104002300000033
  00260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e04030503
  0603020308040805080604010501060102010402050206020202002d00020101001c00024001`)

const SERVER_HELLO =
  hexBytes(`020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e26928001301
  00002e00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304`)

const SERVER_FLIGHT =
  hexBytes(`17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf7869fcf40aa40aa2
  b8ea73f848a7ca07612ef9f945cb960b4068905123ea78b111b429ba9191cd05d2a389280f526134aadc7fc78c4b729df828b5ecf7b13bd9ae
  fb0e57f271585b8ea9bb355c7c79020716cfb9b1183ef3ab20e37d57a6b9d7477609aee6e122a4cf51427325250c7d0e509289444c9b3a648f
  1d71035d2ed65b0e3cdd0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd610928d809810e4b7ed1a8fd991f06aa6248204797e36
  a6a73b70a2559c09ead686945ba246ab66e5edd8044b4c6de3fcf2a89441ac66272fd8fb330ef8190579b3684596c960bd596eea520a56a8d6
  50f563aad27409960dca63d3e688611ea5e22f4415cf9538d51a200c27034272968a264ed6540c84838d89f72c24461aad6d26f59ecaba9acb
  bb317b66d902f4f292a36ac1b639c637ce343117b659622245317b49eeda0c6258f100d7d961ffb138647e92ea330faeea6dfa31c7a84dc3bd
  7e1b7a6c7178af36879018e3f252107f243d243dc7339d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b48052cf93b16499a66db7c
  ca71e4599426f7d461e66f99882bd89fc50800becca62d6c74116dbd2972fda1fa80f85df881edbe5a37668936b335583b599186dc5c6918a3
  96fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8afe67f76913fa388cb5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35
  ae69f5515614636c0b9b68c19ed2e31c0b3b66763038ebba42f3b38edc0399f3a9f23faa63978c317fc9fa66a73f60f0504de93b5b845e2755
  92c12335ee340bbc4fddd502784016e4b3be7ef04dda49f4b440a30cb5d2af939828fd4ae3794e44f94df5a631ede42c1719bfdabf0253fe51
  75be898e750edc53370d2b`)

const CLIENT_FINISHED =
  hexBytes(`170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac
  98fc46deb384bd1caeacab6867d726c40546`)

const CLIENT_DATA =
  hexBytes(`1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd5
  4a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4`)

const SECRETS = {
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: 'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21',
  SERVER_HANDSHAKE_TRAFFIC_SECRET: 'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38',
  CLIENT_TRAFFIC_SECRET_0: '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5',
  SERVER_TRAFFIC_SECRET_0: 'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643',
}

const RANDOM = hexOf(CLIENT_HELLO.subarray(6, 38))
const KEY_LOG = Object.entries(SECRETS)
  .map(([label, secret]) => `${label} ${RANDOM} ${secret}\n`)
  .join('')

describe('key schedule', () => {
  test.each([
    [SECRETS.CLIENT_HANDSHAKE_TRAFFIC_SECRET, 'dbfaa693d1762c5b666af5d950258d01', '5bd3c71b836e0b76bb73265f'],
    [SECRETS.SERVER_HANDSHAKE_TRAFFIC_SECRET, '3fce516009c21727d0f2e4e86ee403bc', '5d313eb2671276ee13000b30'],
    [SECRETS.CLIENT_TRAFFIC_SECRET_0, '17422dda596ed5d9acd890e3c63f5051', '5b78923dee08579033e523d9'],
    [SECRETS.SERVER_TRAFFIC_SECRET_0, '9f02283b6c9c07efc26bb9f2ac92e356', 'cf782b88dd83549aadf1e984'],
  ])('write key and iv of %s', (secret, key, iv) => {
    const keys = trafficKeys(nodeCrypto, 'sha256', hexBytes(secret), 16)
    expect([hexOf(keys.key), hexOf(keys.iv)]).toEqual([key, iv])
  })

  test('the finished keys', () => {
    const finished = (secret: string) =>
      hexOf(hkdfExpandLabel(nodeCrypto, 'sha256', hexBytes(secret), 'finished', new Uint8Array(0), 32))
    expect(finished(SECRETS.SERVER_HANDSHAKE_TRAFFIC_SECRET)).toBe(
      '008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8',
    )
    expect(finished(SECRETS.CLIENT_HANDSHAKE_TRAFFIC_SECRET)).toBe(
      'b80ad01015fb2f0bd65ff7d4da5d6bf83f84821d1f87fdc7d3c75b5a7b42d9c4',
    )
  })

  test('a label and a context of lengths of their own: derive secret "tls13 derived" of the early secret', () => {
    const early = hexBytes('33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a')
    const nothing = nodeCrypto.hash('sha256', new Uint8Array(0))
    expect(hexOf(hkdfExpandLabel(nodeCrypto, 'sha256', early, 'derived', nothing, 32))).toBe(
      '6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba',
    )
  })

  test('an updated secret is as long as its hash', () => {
    expect(nextTrafficSecret(nodeCrypto, 'sha384', new Uint8Array(48))).toHaveLength(48)
  })
})

test('the trace, opened with its secrets', () => {
  const events = readTls(
    [
      { from: 'client', bytes: record(22, CLIENT_HELLO, 0x0301) },
      { from: 'server', bytes: record(22, SERVER_HELLO) },
      { from: 'server', bytes: SERVER_FLIGHT },
      { from: 'client', bytes: CLIENT_FINISHED },
      { from: 'client', bytes: CLIENT_DATA },
    ],
    KEY_LOG,
  )
  expect(courseOf(events)).toEqual([
    'client client_hello',
    'server server_hello',
    'server encrypted_extensions',
    'server certificate',
    'server certificate_verify',
    'server finished',
    'client finished',
  ])
  expect(dataOf(events, 'client')).toEqual(Buffer.from(Array.from({ length: 50 }, (_, i) => i)))
  const finished = of(events, 'handshake').flatMap(({ message }) =>
    message.type === 'finished' ? [hexOf(message.verifyData)] : [],
  )
  expect(finished).toEqual([
    '9b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718',
    'a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61',
  ])
})
