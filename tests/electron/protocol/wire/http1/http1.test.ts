/** HTTP/1.1 by the clauses of RFC 9112. */
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { cut, octets } from '../../../../support/cuts.ts'
import { Http1Watch } from '../../../../support/http1-watch.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const asked = (method = 'GET') => new Http1Watch().client(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
const post = (head: string, body = '') =>
  new Http1Watch().client(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${body}`)

describe('2.2 message parsing', () => {
  test('empty lines before a request are passed over', () => {
    const watch = new Http1Watch().client(`\r\n\r\n${GET}`)
    expect(watch.messages[0]).toMatchObject({ offset: 4, headLength: GET.length })
    expect(watch.problems).toEqual([])
  })

  test('a line may end in LF alone, and is marked', () => {
    const watch = new Http1Watch().client('GET / HTTP/1.1\nHost: a\r\n\r\n')
    expect(watch.messages).toHaveLength(1)
    expect(watch.problems).toEqual(['bare_lf@14'])
  })

  test('white space before the first field', () => {
    const watch = new Http1Watch().client('GET / HTTP/1.1\r\n Evil: 1\r\nHost: a\r\n\r\n')
    expect(watch.messages[0].fields.map(({ name }) => name)).toEqual(['Host'])
    expect(watch.problems).toEqual(['space_before_first_field@16'])
  })
})

describe('3 and 4 start lines', () => {
  test('a request line has its place, method, target and version', () => {
    const [{ startLine }] = new Http1Watch().client(GET).messages
    expect(startLine).toEqual({
      kind: 'request',
      method: 'GET',
      target: '/',
      version: '1.1',
      offset: 0,
      length: 16,
    })
  })

  test('a status line may lack its reason, and the space before it', () => {
    const watch = asked().server('HTTP/1.1 204 \r\n\r\n').client(GET).server('HTTP/1.1 204\r\n\r\n')
    expect(watch.messages.filter((m) => m.from === 'server').map((m) => m.startLine)).toMatchObject([
      { status: 204, reason: '' },
      { status: 204, reason: '' },
    ])
  })

  test('what is no request is passed over up to the next that is one', () => {
    const watch = new Http1Watch().client(`what is this\r\nGET  / HTTP/1.1\r\n${GET}`)
    expect(watch.problems).toEqual(['bad_request_line@0'])
    expect(watch.of('skipped')).toMatchObject([{ offset: 0, length: 31 }])
    expect(watch.messages).toMatchObject([{ offset: 31 }])
  })

  test('3.2 exactly one Host in HTTP/1.1', () => {
    expect(new Http1Watch().client('GET / HTTP/1.1\r\n\r\n').problems).toEqual(['bad_host@0'])
    expect(new Http1Watch().client('GET / HTTP/1.0\r\n\r\n').problems).toEqual([])
    const two = new Http1Watch().client('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    expect(two.problems).toEqual(['bad_host@0'])
  })
})

describe('5 fields', () => {
  test('names keep their case, values lose the blanks around them, duplicates stay', () => {
    const watch = new Http1Watch().client('GET / HTTP/1.1\r\nHost: a\r\nX-A: \t 1 2 \r\nx-a:3\r\n\r\n')
    expect(watch.messages[0].fields.slice(1)).toEqual([
      { name: 'X-A', value: '1 2', offset: 25, length: 13 },
      { name: 'x-a', value: '3', offset: 38, length: 7 },
    ])
  })

  test('5.1 white space before the colon', () => {
    const watch = new Http1Watch().client('GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n')
    expect(watch.problems).toEqual(['space_before_colon@25'])
    expect(watch.messages[0].fields[1].name).toBe('X')
  })

  test('5.2 a folded line continues the value, as one place', () => {
    const watch = new Http1Watch().client('GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t 2\r\n 3\r\nY: 4\r\n\r\n')
    expect(watch.messages[0].fields.slice(1)).toEqual([
      { name: 'X', value: '1 2 3', offset: 25, length: 15 },
      { name: 'Y', value: '4', offset: 40, length: 6 },
    ])
    expect(watch.problems).toEqual(['obs_fold@31', 'obs_fold@36'])
  })

  test.each([
    ['no colon', 'nothing', 'no_colon'],
    ['no name', ': 1', 'bad_field_name'],
    ['a name that is no token', 'a(b): 1', 'bad_field_name'],
    ['NUL in a value', 'a: \0', 'bad_field_value'],
    ['CR in a value', 'a: 1\r2', 'bad_field_value'],
  ])('%s', (_, line, reason) => {
    const watch = new Http1Watch().client(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)
    expect(watch.problems).toEqual([`${reason}@25`])
    expect(watch.messages).toHaveLength(1)
  })
})

describe('6.3 message body length', () => {
  test.each([
    ['rule 1: HEAD', 'HEAD', '200 OK'],
    ['rule 1: 204', 'GET', '204 No Content'],
    ['rule 1: 304', 'GET', '304 Not Modified'],
  ])('%s has no body, whatever its fields say', (_, method, status) => {
    const watch = asked(method).server(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n`)
    expect(watch.of('end').filter((e) => e.from === 'server')).toMatchObject([
      { bodyLength: 0, complete: true },
    ])
  })

  test('rule 1: interim responses come before the final one', () => {
    const watch = asked('POST').server(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    )
    const responses = watch.messages.filter((message) => message.from === 'server')
    expect(responses.map(({ interim, exchange }) => [interim, exchange])).toEqual([
      [true, 1],
      [true, 1],
      [false, 1],
    ])
    expect(watch.body('server', 1)).toBe('hi')
  })

  test('rule 2: 2xx to CONNECT opens a tunnel for both, and what the client sent early belongs to it', () => {
    const watch = new Http1Watch().client('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nearly')
    watch.server('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom server').client(' and late')
    expect(watch.tunnels).toEqual({ client: 'early and late', server: 'from server' })
    expect(watch.of('switch').map(({ from, protocol, offset }) => [from, protocol, offset])).toEqual([
      ['server', 'connect', 38],
      ['client', 'connect', 35],
    ])
  })

  test('rule 2: a refused CONNECT leaves HTTP as it is', () => {
    const watch = new Http1Watch().client(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${GET}`)
    expect(watch.messages).toHaveLength(1)
    watch.server('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n')
    expect(watch.messages.map(({ from }) => from)).toEqual(['client', 'server', 'client'])
    expect(watch.messages[2].offset).toBe(35)
  })

  test('rule 3: Transfer-Encoding wins over Content-Length, and is marked', () => {
    const watch = post('Content-Length: 4\r\nTransfer-Encoding: chunked', '2\r\nab\r\n0\r\n\r\n')
    expect(watch.body('client', 1)).toBe('ab')
    expect(watch.problems).toEqual(['length_beside_transfer_encoding@0'])
  })

  test('rule 4: a request whose last coding is not chunked has no end that can be told', () => {
    const watch = post('Transfer-Encoding: gzip', `garbage\r\n${GET}`)
    expect(watch.problems).toEqual(['chunked_not_last@0'])
    expect(watch.messages[0].framing.kind).toBe('unknown')
    expect(watch.messages[1].offset).toBe(62)
  })

  test('rule 4: a response so coded reaches to the end', () => {
    const watch = asked().server('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nzipped').end('server')
    expect(watch.body('server', 1)).toBe('zipped')
    expect(watch.problems).toEqual([])
  })

  test.each([
    ['rule 5: no number', 'Content-Length: -1', 'bad_content_length'],
    ['rule 5: two that differ', 'Content-Length: 1\r\nContent-Length: 2', 'conflicting_lengths'],
    ['rule 5: a list that differs', 'Content-Length: 1, 2', 'conflicting_lengths'],
    ['rule 5: too many digits', 'Content-Length: 99999999999999999999', 'bad_content_length'],
  ])('%s: the next start line is where reading goes on', (_, head, reason) => {
    const watch = post(head, `x\r\n${GET}`)
    expect(watch.problems).toEqual([`${reason}@0`])
    expect(watch.messages.map(({ startLine }) => startLine.kind === 'request' && startLine.method)).toEqual([
      'POST',
      'GET',
    ])
  })

  test('rule 5: the same length twice is forgiven', () => {
    const watch = post('Content-Length: 2, 2', 'ab')
    expect([watch.body('client', 1), watch.problems]).toEqual(['ab', ['repeated_length@0']])
  })

  test('rule 6: as many octets as Content-Length says', () => {
    const watch = post('Content-Length: 3', `abc${GET}`)
    expect(watch.body('client', 1)).toBe('abc')
    expect(watch.messages).toHaveLength(2)
  })

  test('rule 7: a request without either has no body; rule 8: a response reaches to the close', () => {
    const watch = asked().server('HTTP/1.1 200 OK\r\n\r\nall of it').end('server')
    expect(watch.of('end')).toMatchObject([
      { from: 'client', bodyLength: 0 },
      { from: 'server', bodyLength: 9, complete: true },
    ])
  })

  test('6.1 Transfer-Encoding in HTTP/1.0 is faulty', () => {
    const watch = new Http1Watch().client('POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
    expect(watch.problems).toEqual(['transfer_encoding_in_http_1_0@0'])
  })
})

describe('7.1 chunked', () => {
  test('chunks with extensions and trailers, each with its place', () => {
    const watch = post(
      'Transfer-Encoding: chunked',
      '3;a=b\r\nabc\r\n00A \r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
    )
    expect(watch.body('client', 1)).toBe('abc0123456789')
    expect(watch.of('chunk').map(({ chunk }) => chunk)).toEqual([
      { offset: 56, length: 7, size: 3, extensions: ';a=b' },
      { offset: 68, length: 6, size: 10, extensions: '' },
      { offset: 86, length: 3, size: 0, extensions: '' },
    ])
    expect(watch.of('trailers')[0].fields).toEqual([{ name: 'X-Sum', value: '1', offset: 89, length: 10 }])
    expect(watch.of('end')[0]).toMatchObject({ offset: 0, length: 101, bodyLength: 13, complete: true })
  })

  test.each([
    ['no size', 'xyz\r\n', 'bad_chunk_header@56'],
    ['a size beyond counting', 'ffffffffffffffff\r\n', 'chunk_too_large@56'],
    ['data longer than its size', '1\r\nabc\r\n', 'bad_chunk_end@60'],
  ])('%s: marked, and read on at the next start line', (_, body, problem) => {
    const watch = post('Transfer-Encoding: chunked', body + GET)
    expect(watch.problems).toEqual([problem])
    expect(watch.of('end')[0].complete).toBe(false)
    expect(watch.messages).toHaveLength(2)
  })
})

describe('8 incomplete messages', () => {
  test.each([
    ['in the head', 'GET / HTTP/1.1\r\nHo', 0],
    ['in a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc', 1],
    ['in a chunk', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab', 1],
  ])('%s', (_, text, ends) => {
    const watch = new Http1Watch().client(text).end('client')
    expect(watch.problems).toEqual([`truncated@${text.length}`])
    expect(watch.of('end').map(({ complete }) => complete)).toEqual(new Array(ends).fill(false))
  })
})

describe('9 connections', () => {
  test('9.3 who keeps the connection', () => {
    const persistent = (head: string) => new Http1Watch().client(head).messages[0].persistent
    expect(persistent(GET)).toBe(true)
    expect(persistent('GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n')).toBe(false)
    expect(persistent('GET / HTTP/1.0\r\n\r\n')).toBe(false)
    expect(persistent('GET / HTTP/1.0\r\nConnection: x, keep-alive\r\n\r\n')).toBe(true)
  })

  test('9.3.2 pipelined requests are answered in their order', () => {
    const watch = new Http1Watch().client(`${GET}HEAD /2 HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
    watch.server('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na')
    watch.server('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n')
    watch.server('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nc')
    expect(watch.messages.filter((m) => m.from === 'server').map((m) => m.exchange)).toEqual([1, 2, 3])
    expect([watch.body('server', 1), watch.body('server', 2), watch.body('server', 3)]).toEqual([
      'a',
      '',
      'c',
    ])
    expect(watch.problems).toEqual([])
  })

  test('9.2 a response that nobody asked for', () => {
    const watch = new Http1Watch().server('HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n')
    expect(watch.messages[0].exchange).toBeUndefined()
    expect(watch.problems).toEqual(['response_without_request@0'])
  })

  test('9.6 a response after one that closes', () => {
    const watch = new Http1Watch().client(GET + GET)
    watch.server('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    watch.server('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    expect(watch.problems).toEqual(['message_after_close@57'])
  })

  test('RFC 9110 7.8: 101 hands both directions to the other protocol', () => {
    const watch = new Http1Watch().client(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    watch.server('HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\nS').client('C')
    expect(watch.tunnels).toEqual({ client: 'C', server: 'S' })
    expect(watch.of('switch').map(({ protocol }) => protocol)).toEqual(['websocket', 'websocket'])
  })

  test('101 that nobody asked for', () => {
    expect(asked().server('HTTP/1.1 101 Why\r\n\r\n').problems).toEqual(['unexpected_switch@0'])
  })
})

describe('limits', () => {
  test('a line beyond the limit is passed over, and what follows is read', () => {
    const watch = new Http1Watch({ line: 100 })
    watch.client(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(1_000)}\r\nY: 1\r\n\r\n`)
    expect(watch.of('limit')).toMatchObject([{ limit: 'line', offset: 25 }])
    expect(watch.messages[0].fields.map(({ name }) => name)).toEqual(['Host', 'Y'])
  })

  test('fields beyond the limit of a head are not kept', () => {
    const watch = new Http1Watch({ head: 50 })
    watch.client(`GET / HTTP/1.1\r\nHost: a\r\n${'X: 1\r\n'.repeat(100)}\r\n`)
    expect(watch.of('limit').map(({ limit }) => limit)).toEqual(['head'])
    expect(watch.messages[0].fields).toHaveLength(7)
  })

  test('requests beyond the limit are not matched', () => {
    const watch = new Http1Watch({ pending: 2 }).client(GET.repeat(3))
    expect(watch.of('limit').map(({ limit }) => limit)).toEqual(['pending_requests'])
    for (let i = 0; i < 3; i++) watch.server('HTTP/1.1 204 \r\n\r\n')
    expect(watch.messages.slice(3).map(({ exchange }) => exchange)).toEqual([1, 2, undefined])
  })

  test('octets held for an answer are bounded; beyond, they are read as HTTP', () => {
    const watch = new Http1Watch({ held: 10 }).client(`CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
    expect(watch.of('limit').map(({ limit }) => limit)).toEqual(['held'])
    expect(watch.messages).toHaveLength(2)
  })
})

test('any cut of the octets gives the same events', () => {
  const client = `\r\n${GET}POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\nbad\r\n${GET}`
  const server =
    'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nHTTP/1.0 200 \r\n\r\nrest'
  const look = (cuts: (bytes: Uint8Array) => Uint8Array[]) => {
    const watch = new Http1Watch()
    for (const piece of cuts(octets(client))) watch.connection.push('client', piece)
    for (const piece of cuts(octets(server))) watch.connection.push('server', piece)
    watch.end('client', 'server')
    return [watch.events, [1, 2, 3].map((n) => [watch.body('client', n), watch.body('server', n)])]
  }
  const whole = look((bytes) => [bytes])
  expect(whole[1]).toEqual([
    ['', 'body'],
    ['abc', 'ab'],
    ['', 'rest'],
  ])
  const rng = createRng(7)
  for (let i = 0; i < 200; i++) expect(look((bytes) => cut(rng, bytes))).toEqual(whole)
})
