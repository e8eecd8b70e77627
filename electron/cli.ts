/**
 * The same lab in a terminal (DESIGN 8). Here are the names of the commands and their options; what they do stands in
 * `engine/terminal`. Exit status: 0 all is well and all expectations hold, 1 one does not, 2 bad input.
 */
import { Command, CommanderError, Option } from 'commander'
import { success, type Result } from '../shared/errors.ts'
import type { Language } from '../shared/charts/texts.ts'
import { CONGESTION_CONTROLS } from '../shared/tcp.ts'
import { parseWire } from './engine/outsider.ts'
import { defaultShelf } from './engine/recording/shelf.ts'
import { host, link } from './engine/terminal/attended.ts'
import { gateway, gatewayLines, parseListen, parseTarget } from './engine/terminal/gateway.ts'
import { describeFiles, OUT_FORMATS, writeExported, type WrittenFile } from './engine/terminal/files.ts'
import { listenForInterrupt } from './engine/terminal/interrupt.ts'
import { fetch } from './engine/terminal/fetch.ts'
import { addLinkOptions, readLinkOptions } from './engine/terminal/link-flags.ts'
import { list } from './engine/terminal/list.ts'
import { anyPort, integer, port, setting } from './engine/terminal/options.ts'
import { printable, processOutput } from './engine/terminal/output.ts'
import { run } from './engine/terminal/run.ts'
import { web } from './engine/terminal/web.ts'
import { EXIT, refuse, systemError, type ExitStatus } from './engine/terminal/status.ts'
import { CommandRefused } from './ipc/engine-client.ts'
import { startServer } from './serve.ts'

const output = processOutput()
let status: ExitStatus = EXIT.ok

type Values = Record<string, unknown>

/** Hands what a reader gave to `use`, or refuses with its reason. */
async function withInput<T>(input: Result<T>, use: (value: T) => Promise<ExitStatus>): Promise<void> {
  status = input.ok ? await use(input.value) : refuse(output, input.error)
}

const seedOption = (): Option =>
  new Option('--seed <number>', 'the same seed gives the same run')
    .argParser(integer(0, 0xffff_ffff))
    .default(1)
const outOption = (): Option =>
  new Option('--out <folder>', 'write summary, captures, keys, page loads, trace, table and charts there')
const tapsOption = (): Option =>
  new Option('--taps <which>', "captures at the data's sender or at all hosts")
    .choices(['sender', 'all'])
    .default('sender')
const qlogOption = (): Option =>
  new Option('--qlog <version>', 'the current draft, or 0.3 for qvis')
    .choices(['draft', '0.3'])
    .default('draft')
const languageOption = (): Option =>
  new Option('--lang <language>', 'of texts and charts').choices(['en', 'zh']).default('en')

/** The options of what writes files. */
const addFileOptions = (command: Command): Command =>
  command.addOption(outOption()).addOption(tapsOption()).addOption(qlogOption()).addOption(languageOption())

const fileOptions = (values: Values) => ({
  out: values.out as string | undefined,
  taps: values.taps as 'sender' | 'all',
  qlog: values.qlog as 'draft' | '0.3',
  language: values.lang as Language,
})

const program = new Command('rexmit')
  .description('A packet-flow laboratory: real TCP through a link that you can break.')
  .exitOverride()
  .configureOutput({
    writeOut: (text) => process.stdout.write(text),
    writeErr: (text) => process.stderr.write(text.split('\n').map(printable).join('\n')),
  })

program
  .command('list')
  .description('the experiments that there are')
  .option('--json', 'as JSON: [{id, chapter, title}]')
  .addOption(languageOption())
  .action(({ json, lang }: { json?: boolean; lang: Language }) => {
    status = list({ json, lang }, output)
  })

const runCommand = program
  .command('run')
  .description('an experiment from start to end, in virtual time unless --live')
  .argument('[experiment]', 'its id, or a file that holds one')
  .option('--all', 'every experiment there is')
  .option('--set <path=value>', 'a setting by its path or the name of a knob; may be repeated', setting)
  .addOption(seedOption())
  .option('--live', 'by the wall clock, every packet on a real UDP socket')
  .option('--json', 'print the summary as JSON')
  .option('--snap-length <bytes>', 'record so much of each packet', integer(20, 65_535))
addLinkOptions(addFileOptions(runCommand)).action(async (experiment: string | undefined, values: Values) => {
  if ((experiment === undefined) === (values.all === undefined)) {
    status = refuse(output, {
      message: 'run: name one experiment, or say --all',
      allowed: 'see `rexmit list`',
    })
    return
  }
  status = await run(
    {
      ...fileOptions(values),
      experiment,
      all: values.all === true,
      set: (values.set as Record<string, string> | undefined) ?? {},
      seed: values.seed as number,
      driver: values.live === true ? 'live' : 'virtual',
      json: values.json === true,
      snapLength: values.snapLength as number | undefined,
      link: (base) => readLinkOptions(values, base),
    },
    output,
  )
})

const gatewayCommand = program
  .command('gateway')
  .description('your own client through the lossy link, to your own server or to one in the lab')
  .requiredOption('--listen <127.0.0.1:port>', 'where your client connects; port 0: any free one')
  .requiredOption(
    '--to <target>',
    'host:port of your server, or one in the lab: broker (MQTT), web (HTTP), dns',
  )
  .option('--udp', 'UDP instead of TCP; dns is reached over UDP anyway')
  .addOption(seedOption())
  .addOption(
    new Option('--window [port]', 'watch it in a browser, on this port or any free one')
      .argParser(anyPort)
      .preset(0),
  )
  .option('--no-open', 'with --window: print the address only')
addLinkOptions(addFileOptions(gatewayCommand)).action((values: Values) =>
  withInput(readGatewayOptions(values), (options) =>
    values.window === undefined
      ? gateway(options, output)
      : gatewayInWindow(options, { port: values.window as number, open: values.open === true }),
  ),
)

function readGatewayOptions(values: Values): Result<Parameters<typeof gateway>[0]> {
  const listen = parseListen(values.listen as string)
  if (!listen.ok) return listen
  const target = parseTarget(values.to as string, values.udp === true)
  if (!target.ok) return target
  const link = readLinkOptions(values)
  if (!link.ok) return link
  return success({
    ...fileOptions(values),
    ...target.value,
    listen: listen.value,
    seed: values.seed as number,
    link: link.value,
  })
}

/** A gateway in the engine behind a window, so that the window shows it like any other run. */
async function gatewayInWindow(
  options: Parameters<typeof gateway>[0],
  window: { port: number; open: boolean },
): Promise<ExitStatus> {
  const { listen, protocol, to, link, seed, out, taps, qlog, language } = options
  const interrupt = listenForInterrupt()
  const server = await startServer({ ...window, recordings: defaultShelf() })
  try {
    const { engine } = server
    const info = await engine.request({ type: 'gateway.start', listen, protocol, to, link, seed })
    const { run } = info
    for (const line of gatewayLines(info.gateway!)) output.line(printable(line))
    output.line(server.url)
    output.note('Ctrl-C ends it.')
    await interrupt.requested
    await engine.request({ type: 'run.stop', run })
    if (out !== undefined) {
      const files: WrittenFile[] = []
      for (const format of OUT_FORMATS) {
        const made = await engine.request({ type: 'run.export', run, format, taps, qlog, language })
        files.push(...writeExported(out, made))
      }
      for (const line of describeFiles(out, files)) output.note(printable(line))
    }
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommandRefused) return refuse(output, error.error)
    throw error
  } finally {
    interrupt.release()
    await server.close()
  }
}

const webCommand = program
  .command('web')
  .description('a folder over HTTP/1.1, HTTP/2 and HTTP/3 through the lossy link, for real browsers')
  .requiredOption('--root <folder>', 'what to serve')
  .requiredOption('--port <number>', 'of TCP and UDP on loopback; 0: any free one', anyPort)
  .option('--cert <file>', 'your own certificate chain in PEM, instead of one by the laboratory')
  .option('--key <file>', 'its key')
  .addOption(seedOption())
addLinkOptions(addFileOptions(webCommand)).action((values: Values) =>
  withInput(readLinkOptions(values), (link) => {
    const { root, port, cert, key, seed } = values as Pick<
      Parameters<typeof web>[0],
      'root' | 'port' | 'cert' | 'key' | 'seed'
    >
    return web({ ...fileOptions(values), root, port, cert, key, seed, ...(link && { link }) }, output)
  }),
)

const VERSIONS = { http1: 'http/1.1', http2: 'h2', http3: 'h3' } as const

const fetchCommand = program
  .command('fetch')
  .description('one request to a real server through the lossy link')
  .argument('<url>', 'such as https://localhost:8443/')
  .addOption(new Option('--http1', 'HTTP/1.1, as it is without any of these').conflicts(['http2', 'http3']))
  .addOption(new Option('--http2', 'HTTP/2').conflicts(['http1', 'http3']))
  .addOption(new Option('--http3', 'HTTP/3').conflicts(['http1', 'http2']))
  .option('--ca <file>', "roots to trust, in PEM, instead of Node's")
  .option('--timeout <seconds>', 'the longest that it may take', integer(1, 3_600), 60)
  .addOption(seedOption())
addLinkOptions(addFileOptions(fetchCommand)).action((url: string, values: Values) =>
  withInput(readLinkOptions(values), (link) => {
    const version = (['http2', 'http3'] as const).find((name) => values[name] === true) ?? 'http1'
    const options = {
      url,
      version: VERSIONS[version],
      ca: values.ca as string | undefined,
      timeout: (values.timeout as number) * 1e6,
      seed: values.seed as number,
      ...(link && { link }),
    }
    return fetch({ ...fileOptions(values), ...options }, output)
  }),
)

const WIRE = 'udp:127.0.0.1:PORT[,peer=127.0.0.1:PORT]'

const hostCommand = program
  .command('host')
  .description('a host alone, for programs that send it IPv4 packets over UDP')
  .requiredOption('--wire <wire>', WIRE)
  .requiredOption('--address <IPv4>', 'such as 10.77.0.2')
  .option('--discard <port>', 'takes everything (RFC 863)', port)
  .option('--echo <port>', 'sends everything back (RFC 862)', port)
  .option('--chargen <port>', 'sends without end (RFC 864)', port)
  .addOption(new Option('--congestion <name>', 'congestion control').choices(CONGESTION_CONTROLS))
  .option('--set <path=value>', 'a setting of the host, such as tcp.rack=on; may be repeated', setting)
  .addOption(seedOption())
addLinkOptions(addFileOptions(hostCommand)).action((values: Values) =>
  withInput(parseWire(values.wire as string), async (wire) => {
    const spec = readLinkOptions(values)
    if (!spec.ok) return refuse(output, spec.error)
    const { address, discard, echo, chargen, congestion, set, seed } = values as Partial<
      Parameters<typeof host>[0]
    > &
      Values
    const tcp =
      congestion === undefined ? {} : { congestion: congestion as (typeof CONGESTION_CONTROLS)[number] }
    const services = { discard, echo, chargen }
    return host(
      { ...fileOptions(values), wire, address: address!, ...services, tcp, set, link: spec.value, seed },
      output,
    )
  }),
)

const linkCommand = program
  .command('link')
  .description('the link alone, between two programs that speak IPv4 over UDP')
  .requiredOption('--a <wire>', `side a: ${WIRE}`)
  .requiredOption('--b <wire>', `side b: ${WIRE}`)
  .addOption(seedOption())
addLinkOptions(addFileOptions(linkCommand)).action((values: Values) =>
  withInput(parseWire(values.a as string), async (a) => {
    const b = parseWire(values.b as string)
    if (!b.ok) return refuse(output, b.error)
    const spec = readLinkOptions(values)
    if (!spec.ok) return refuse(output, spec.error)
    return link(
      { ...fileOptions(values), a, b: b.value, link: spec.value, seed: values.seed as number },
      output,
    )
  }),
)

program
  .command('serve')
  .description('the window in a browser')
  .option('--port <number>', 'on 127.0.0.1; 0: any free one', anyPort, 0)
  .option('--no-open', 'print the address only')
  .action(async (values: { port: number; open: boolean }) => {
    const interrupt = listenForInterrupt()
    const server = await startServer({ ...values, recordings: defaultShelf() })
    output.line(server.url)
    output.note('Ctrl-C ends it.')
    await interrupt.requested
    await server.close()
  })

/** Commander has said itself what was wrong with the options; help and version are no errors. */
async function main(): Promise<ExitStatus> {
  try {
    await program.parseAsync()
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput
    const problem = systemError(error)
    if (problem === undefined) throw error
    return refuse(output, { message: problem })
  }
}

process.exitCode = await main()
