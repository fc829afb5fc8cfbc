import { readFileSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { createLog, type Log } from '../adapters/telemetry/log.ts'
import { banner } from './banner.ts'
import { checkZones } from './check-zones.ts'
import { readCommand, type Build, type Command } from './cli.ts'
import { describeFailure } from './failure.ts'
import { Reloader } from './reload.ts'
import { startServer, type Server } from './server.ts'

/** sysexits.h: EX_SOFTWARE. */
const EXIT_INTERNAL = 70
/** sysexits.h: EX_CONFIG. */
const EXIT_BAD_SETTINGS = 78
/** A stop that takes longer than this after draining is cut. */
const STOP_MAX_MS = 10_000

/** The process: command line in, exit code out. The only place that touches `process`. */
export async function run(): Promise<void> {
  process.title = 'cairn'
  const build = readBuild()
  const command = readAll(build)
  if (command.kind === 'print') {
    process.stdout.write(command.text)
  } else if (command.kind === 'check') {
    await check(command)
  } else if (command.kind === 'fail') {
    process.stderr.write(command.text)
    process.exitCode = command.exitCode
  } else {
    await serve(command, build)
  }
}

function readAll(build: Build): Command {
  return readCommand({
    argv: process.argv.slice(2),
    env: process.env,
    host: { name: hostname(), cores: availableParallelism() },
    build,
    readFile,
  })
}

async function check({ settings, text }: Extract<Command, { kind: 'check' }>): Promise<void> {
  const { warnings, mistakes, summary } = await checkZones(settings)
  for (const line of [...warnings, ...mistakes]) process.stderr.write(`${line}\n`)
  if (mistakes.length > 0) process.exitCode = EXIT_BAD_SETTINGS
  else process.stdout.write(text.replace(/\n$/, `, ${summary}\n`))
}

async function serve(command: Extract<Command, { kind: 'serve' }>, build: Build): Promise<void> {
  const { settings } = command
  const log = createLog({ level: settings.log.level, isJournal: isJournal() })
  process.on('uncaughtException', (error) => endWith(log, error))
  process.on('unhandledRejection', (error) => endWith(log, error))
  const stopping = Promise.withResolvers<NodeJS.Signals>()
  process.once('SIGTERM', stopping.resolve)
  process.once('SIGINT', stopping.resolve)
  let server: Server
  try {
    server = await startServer({ settings, build, log, onFault: (error) => endWith(log, error) })
  } catch (error) {
    const { text, exitCode } = describeFailure(error, settings)
    process.stderr.write(text)
    process.exit(exitCode)
  }
  const { http, dns } = server
  const facts = {
    version: build.version,
    name: settings.server.name,
    mode: settings.server.mode,
    readyInSeconds: performance.now() / 1000,
    http,
    dns: { ...dns, zones: settings.dns.zone },
  }
  process.stdout.write(banner(facts, process.stdout.isTTY))
  const read = (): Command => readAll(build)
  const { loadZones, renew } = server
  const reloader = new Reloader({ rows: command.rows, log, read, loadZones, renew })
  process.on('SIGHUP', () => void reloader.reload())
  const signal = await stopping.promise
  log.event('info', 'stopping', { signal })
  setTimeout(() => process.exit(EXIT_INTERNAL), settings.server.drainMs + STOP_MAX_MS).unref()
  await server.stop()
  log.event('info', 'stopped', {})
  log.flush()
  process.exit(0)
}

/** A broken invariant or a forgotten error: nothing after it can be trusted. */
function endWith(log: Log, error: unknown): never {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  log.event('error', 'process_ends', { message })
  log.flush()
  process.exit(EXIT_INTERNAL)
}

function isJournal(): boolean {
  return process.env['JOURNAL_STREAM'] !== undefined
}

function readBuild(): Build {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : ''
  return {
    version: String(version),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  }
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
