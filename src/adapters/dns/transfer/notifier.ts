import { randomInt } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { parseIPv6 } from '../../../kernel/ip.ts'
import { formatName } from '../../../core/dns/name.ts'
import { makeNotify, readNotifyAnswer, type Notify } from '../../../core/dns/transfer/notify.ts'
import type { TsigKey } from '../../../core/dns/transfer/tsig.ts'
import type { WallSeconds } from '../../../core/dns/transfer/tsig-guard.ts'
import type { Telemetry } from '../../../engine/ports.ts'

/** Between two NOTIFYs of one zone to one secondary: changes in between are told by the second. */
const PAUSE_MS = 200
/** Sent again after 1, 2, 4 … 32 s, then given up until the next change (RFC 1996 §3.6). */
const RETRY_MS = 1_000
const TRIES_MAX = 7

interface Secondary {
  /** An IPv4 or IPv6 literal. */
  readonly address: string
  readonly port: number
  readonly key: TsigKey | undefined
}

const NOTIFY_RESULTS = ['sent', 'acknowledged', 'refused', 'unanswered'] as const
export type NotifyResult = (typeof NOTIFY_RESULTS)[number]

export interface NotifierOptions {
  readonly secondaries: readonly Secondary[]
  readonly now: WallSeconds
  readonly telemetry: Pick<Telemetry, 'event'>
}

/** One zone for one secondary. */
interface Line {
  readonly secondary: Secondary
  readonly apex: Uint8Array
  /** What waits for its answer. */
  notify: Notify | undefined
  tries: number
  /** The zone changed since the last one was sent. */
  isBehind: boolean
  retry: NodeJS.Timeout | undefined
  pause: NodeJS.Timeout | undefined
}

/** Tells secondaries that zones changed (RFC 1996), until they say that they heard. */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #lines = new Map<string, Line>()
  readonly #counts = new Map<NotifyResult, number>()
  readonly #sockets = new Map<4 | 6, Socket>()
  #isStopped = false

  constructor(options: NotifierOptions) {
    this.#options = options
  }

  *counts(): Iterable<readonly [NotifyResult, number]> {
    for (const result of NOTIFY_RESULTS) yield [result, this.#counts.get(result) ?? 0]
  }

  /** The zone has a new serial. */
  changed(apex: Uint8Array): void {
    for (const secondary of this.#options.secondaries) {
      const key = `${formatName(apex)} ${secondary.address} ${secondary.port}`
      const line = this.#lines.get(key) ?? newLine(secondary, apex)
      this.#lines.set(key, line)
      line.isBehind = true
      this.#step(line)
    }
  }

  stop(): void {
    this.#isStopped = true
    for (const { retry, pause } of this.#lines.values()) {
      clearTimeout(retry)
      clearTimeout(pause)
    }
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  /** Tells what is not told yet, unless an answer or the end of the pause comes first. */
  #step(line: Line): void {
    const isBusy = line.notify !== undefined || line.pause !== undefined
    if (isBusy || !line.isBehind || this.#isStopped) return
    const { secondary, apex } = line
    line.notify = makeNotify(apex, randomInt(0x1_0000), secondary.key, this.#options.now())
    line.tries = 0
    line.isBehind = false
    line.pause = setTimeout(() => {
      line.pause = undefined
      this.#step(line)
    }, PAUSE_MS)
    line.pause.unref()
    this.#send(line)
  }

  #send(line: Line): void {
    const { notify, secondary } = line
    if (notify === undefined || this.#isStopped) return
    const { address, port } = secondary
    this.#socketFor(address).send(notify.message, port, address, ignore)
    this.#count('sent')
    line.retry = setTimeout(() => this.#retry(line), RETRY_MS * 2 ** line.tries)
    line.retry.unref()
    line.tries++
  }

  #retry(line: Line): void {
    if (line.tries < TRIES_MAX) this.#send(line)
    else this.#settle(line, 'unanswered')
  }

  #receive(answer: Uint8Array, from: RemoteInfo): void {
    const now = this.#options.now()
    for (const line of this.#lines.values()) {
      const { notify, secondary } = line
      if (notify === undefined || from.port !== secondary.port) continue
      if (!isSameAddress(from.address, secondary.address)) continue
      const verdict = readNotifyAnswer(answer, notify, now)
      if (verdict === undefined) continue
      this.#settle(line, verdict)
      return
    }
  }

  #settle(line: Line, result: NotifyResult): void {
    line.notify = undefined
    clearTimeout(line.retry)
    this.#count(result)
    if (result !== 'acknowledged') {
      const facts = { zone: formatName(line.apex), secondary: line.secondary.address }
      this.#options.telemetry.event('warn', `notify_${result}`, facts)
    }
    this.#step(line)
  }

  #socketFor(address: string): Socket {
    const family = address.includes(':') ? 6 : 4
    const known = this.#sockets.get(family)
    if (known !== undefined) return known
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Destinations are literals: nothing to look up.
      lookup: (host, _options, done) => done(null, host, family),
    })
    socket.on('message', (message, from) => this.#receive(message, from))
    // The next try, or its end, tells what matters.
    socket.on('error', ignore)
    socket.unref()
    this.#sockets.set(family, socket)
    return socket
  }

  #count(result: NotifyResult): void {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1)
  }
}

function newLine(secondary: Secondary, apex: Uint8Array): Line {
  const idle = { notify: undefined, retry: undefined, pause: undefined }
  return { secondary, apex, ...idle, tries: 0, isBehind: false }
}

/** IPv6 has many spellings. */
function isSameAddress(a: string, b: string): boolean {
  if (a === b) return true
  const [one, other] = [parseIPv6(a), parseIPv6(b)]
  return one !== undefined && other !== undefined && one.every((octet, i) => octet === other[i])
}

function ignore(): void {}
