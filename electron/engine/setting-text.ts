/** Values of settings as text, the way the terminal gives them: `2%`, `10mbit`, `25ms`, `on`, `[1,2]`. */
import { failure, show, success, type Result } from '../../shared/errors.ts'
import { parseNumberList } from '../../shared/link-rules.ts'
import { parseRate, parseShare, parseSize, parseSpan, type Quantity } from '../../shared/quantity.ts'

type Parser = (text: string) => Quantity

const number: Parser = (text) =>
  text.trim() !== '' && Number.isFinite(Number(text))
    ? success(Number(text))
    : failure({ value: text, allowed: 'a number' })

/** A plain number stands for itself, in the program's own units: those of `shared/link.ts` and its like. */
const orNumber =
  (parse: Parser): Parser =>
  (text) => {
    const plain = number(text)
    return plain.ok ? plain : parse(text)
  }

/** What a setting holds, by the end of its path; the first that fits. */
const KINDS: readonly (readonly [pattern: RegExp, parse: Parser])[] = [
  [/^links\..*\.rate\.limit$/, orNumber(parseRate)],
  [/^links\..*\.rate\.bucket$/, orNumber(parseSize)],
  [/^apps\..*\.rate$/, orNumber(parseSize)],
  [/^links\..*\.(rate|correlation|p|r|lossBad|lossGood|p[1-3][1-4])$/, orNumber(parseShare)],
  [/^links\..*\.queue\.limit$/, orNumber((text) => (/[a-z]/i.test(text) ? sizeOrSpan(text) : number(text)))],
  [/\.(delay|amount|every|extra|duration|hold|target|interval|start|up|downFor|at)$/, orNumber(parseSpan)],
  [/\.slots\.(min|max)$/, orNumber(parseSpan)],
  [/^hosts\..*(Rto|Timeout|Ack|Idle|Interval|msl)$/, orNumber(parseSpan)],
  [/^apps\..*\.(wait|acceptDelay|timeout|keepAlive|expiresIn|maxAge)$/, orNumber(parseSpan)],
  [/^apps\..*\.(closeDelay|closeAfter|readDelay|gap|pause|patience)$/, orNumber(parseSpan)],
  [/^links\..*\.holdMatching\.\d+\.by$/, orNumber(parseSpan)],
  [/(mtu|mss|Buffer|bytes|writeSize)$/, orNumber(parseSize)],
  [/^apps\..*\.(size|objectSize|body|headerTableSize|initialWindow)$/, orNumber(parseSize)],
  [/^apps\..*\.(readSize|reply|question|answer)$/, orNumber(parseSize)],
]

/** A queue may be limited in bytes or in time. */
function sizeOrSpan(text: string): Quantity {
  const size = parseSize(text)
  return size.ok ? size : parseSpan(text)
}

/**
 * The value that a text stands for at a path where `current` is held now. Texts stay texts; whether the value is
 * allowed there is the schema's to say.
 */
export function readSettingText(path: string, text: string, current: unknown): Result<unknown> {
  if (typeof current === 'string') return success(text)
  if (typeof current === 'boolean') return readSwitch(path, text)
  if (typeof current === 'object' && current !== null) return readList(path, text)
  const parse = KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? number
  const parsed = parse(text)
  return parsed.ok ? parsed : wrong(path, text, parsed.error.allowed)
}

function readSwitch(path: string, text: string): Result<boolean> {
  if (text === 'true' || text === 'on') return success(true)
  if (text === 'false' || text === 'off') return success(false)
  return wrong(path, text, 'true or false')
}

/** JSON; where packets are named, a list such as `12,40-42` as well. */
function readList(path: string, text: string): Result<unknown> {
  if (path.endsWith('.drop') && text !== '') {
    const list = parseNumberList(text)
    if (list.ok) return list
  }
  try {
    return success(text === '' ? [] : JSON.parse(text))
  } catch {
    return wrong(path, text, 'JSON, such as [] or [1,2]')
  }
}

const wrong = (field: string, text: string, allowed: string): Result<never> =>
  failure({
    code: 'invalid',
    message: `${field}: ${show(text)} is not ${allowed}`,
    field,
    value: show(text),
    allowed,
  })
