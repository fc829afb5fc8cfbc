import type { Socket } from 'node:net'
import type { FastPath } from '../../core/dns/answer/fast-path.ts'
import { TRANSFER, type Responder } from '../../core/dns/answer/responder.ts'
import type { Reader } from '../../core/dns/table/memory.ts'
import { setClient } from './client-address.ts'
import { NOTHING_GIVEN, type Forwarding, type Given } from './forward/forwarding.ts'
import type { AnswerCounters } from './tell-answer.ts'
import type { DeskClient, TransferDesk } from './transfer/desk.ts'
import { TurnBudget } from './turn-budget.ts'
import type { TcpSettings } from './worker-data.ts'

/** Two octets of length before each message (RFC 1035 §4.2.2). */
const PREFIX = 2
const MESSAGE_MAX = 65_535
/** Answers wait here for one write; at least one answer of the largest size always fits. */
const OUTPUT_BYTES: number = 4 * (MESSAGE_MAX + PREFIX)
/** An OPT, and what copies by words may write behind a message. */
const SLACK = 16
export const TCP_OUTPUT_BYTES: number = OUTPUT_BYTES + SLACK
/** The longest name, header, type, class and OPT: no usual query is longer. */
const FAST_QUERY_MAX = 282
/** Instead of a length: the answer will come later. */
const LATER = -3
/** Questions of one connection that wait for others (dns.md §1.5). */
const WAITING_MAX = 100
/** A client that does not read is not read from. */
const UNREAD_BYTES_MAX = 256 * 1024

/** One for all connections of this thread, as modules are. */
const turns: TurnBudget = new TurnBudget()

/** What the connections of one worker share. */
export interface TcpParts {
  /** 1: TCP; 2: TLS on it. */
  readonly proto: 1 | 2
  readonly responder: Responder
  readonly reader: Reader
  readonly counters: AnswerCounters
  readonly settings: TcpSettings
  /** The responder's output, `TCP_OUTPUT_BYTES` long. */
  readonly output: Uint8Array
  readonly outputView: DataView
  /** Writes to the same place. */
  readonly fast: FastPath
  /** Where transfers are had. */
  readonly desk: TransferDesk
  /** Absent: names that are not ours are refused. */
  readonly forwarding?: Forwarding | undefined
}

/**
 * One client on TCP: messages in, answers out, as many per write as one read brought (RFC 7766).
 */
export class TcpConnection implements DeskClient {
  readonly address: string
  readonly #socket: Socket
  readonly #parts: TcpParts
  /** The start of a message whose rest has not come yet; allocated when first needed. */
  #pending: Uint8Array | undefined
  #pendingLength = 0
  /** Received while the client did not read; bounded by one read, for reading is stopped then. */
  #unparsed: Uint8Array | undefined
  /** Reading is stopped until the client has read what waits for it. */
  #isPaused = false
  #isDeferred = false
  /** Nothing that comes is looked at any more. */
  #isOver = false
  #hasEnded = false
  /** Transfers that are not sent in full. */
  #transfers = 0
  /** Pieces of transfers that were written and not read; when the client last read one. */
  #untaken = 0
  #takenAt = 0
  /** Questions whose answers wait for others. */
  #waiting = 0
  /** Of what the last read brought. */
  #answers = 0
  /** When the last whole message came, and when the unfinished one began; clock of the sweeper. */
  lastMessageAt: number
  unfinishedSince: number | undefined

  constructor(socket: Socket, parts: TcpParts, now: number) {
    this.#socket = socket
    this.#parts = parts
    this.address = socket.remoteAddress ?? ''
    this.lastMessageAt = now
    socket.setNoDelay(true)
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    socket.on('drain', () => this.#resume())
    // A half-close ends the questions, not the answers (dns.md §1.5).
    socket.on('end', () => {
      this.#hasEnded = true
      this.#endWhenDone()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      if (this.#transfers > 0) parts.desk.leave(this)
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Ends politely: what was asked is answered, nothing more is read. */
  end(): void {
    this.#socket.end()
  }

  /**
   * Whether it is to be closed: a message takes too long to come, or a transfer to be read, or the
   * client is silent while it waits for nothing.
   */
  isLate(now: number, idleMs: number, messageMs: number): boolean {
    const since = this.unfinishedSince
    if (since !== undefined && now - since > messageMs) return true
    if (this.#untaken > 0) return now - this.#takenAt > idleMs
    const isWaiting = this.#waiting > 0 || this.#transfers > 0
    return !isWaiting && now - this.lastMessageAt > idleMs
  }

  /** A client that reads its transfer is not idle, however long it takes. */
  writeTransfer(bytes: Uint8Array, isLast: boolean, taken: () => void): void {
    if (this.#socket.writableEnded) return
    if (this.#untaken++ === 0) this.#takenAt = performance.now()
    this.#socket.write(bytes, () => {
      this.#untaken--
      this.#takenAt = performance.now()
      this.lastMessageAt = this.#takenAt
      taken()
    })
    if (!isLast) return
    this.#transfers--
    if (this.#hasEnded) this.#endWhenDone()
  }

  cut(): void {
    this.#transfers--
    this.#socket.destroy()
  }

  #endWhenDone(): void {
    const isDone = this.#unparsed === undefined && this.#transfers === 0 && this.#waiting === 0
    if (isDone) this.#socket.end()
  }

  #receive(chunk: Uint8Array): void {
    if (this.#isOver) return
    if (this.#pendingLength === 0) this.#answerAll(chunk)
    else if (!this.#isStillPending(chunk)) this.#answerAll(this.#joinPending(chunk))
  }

  /** Octets that do not complete the message are only kept: one copy each, however they come. */
  #isStillPending(chunk: Uint8Array): boolean {
    const pending = this.#pending
    const length = this.#pendingLength + chunk.length
    if (pending === undefined || length > pending.length) return false
    pending.set(chunk, this.#pendingLength)
    if (length >= PREFIX) {
      const wanted = ((pending[0] ?? 0) << 8) | (pending[1] ?? 0)
      if (wanted < 12 || length >= PREFIX + wanted) return false
    }
    this.#pendingLength = length
    return true
  }

  /** The pending start and the new octets in one piece. */
  #joinPending(chunk: Uint8Array): Uint8Array {
    const joined = new Uint8Array(this.#pendingLength + chunk.length)
    if (this.#pending !== undefined) joined.set(this.#pending.subarray(0, this.#pendingLength))
    joined.set(chunk, this.#pendingLength)
    this.#pendingLength = 0
    return joined
  }

  /** What is the same for all messages that one read brought is done once. */
  #answerAll(bytes: Uint8Array): void {
    const { reader, counters, proto } = this.#parts
    const now = performance.now()
    this.#answers = 0
    this.#prepare(now, NOTHING_GIVEN)
    reader.enter()
    this.#answerEach(bytes, now)
    reader.leave()
    counters.tellBatch(proto, this.#answers, (performance.now() - now) / 1_000)
  }

  #answerEach(bytes: Uint8Array, now: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    let filled = 0
    while (at + PREFIX <= bytes.length) {
      const length = view.getUint16(at)
      if (length < 12) return this.#giveUp(filled)
      if (at + PREFIX + length > bytes.length) break
      if (filled > OUTPUT_BYTES - MESSAGE_MAX - PREFIX) {
        this.#write(filled)
        filled = 0
        if (this.#isUnread) return this.#pause(bytes.subarray(at))
      }
      if (this.#waiting >= WAITING_MAX) {
        if (filled > 0) this.#write(filled)
        return this.#pause(bytes.subarray(at))
      }
      if (!turns.take()) {
        if (filled > 0) this.#write(filled)
        return this.#yield(bytes.subarray(at))
      }
      const answered = this.#answer(view, at + PREFIX, length, filled, now)
      if (answered === 0) return this.#giveUp(filled)
      if (answered === LATER) this.#waiting++
      else if (answered === TRANSFER) this.#hand(bytes.slice(at + PREFIX, at + PREFIX + length))
      else filled += PREFIX + answered
      at += PREFIX + length
      this.lastMessageAt = now
    }
    if (filled > 0) this.#write(filled)
    this.#keep(bytes.subarray(at), now, at > 0)
    if (this.#isUnread) this.#pause(undefined)
  }

  /** More waits for the client than it should. */
  get #isUnread(): boolean {
    return this.#socket.writableLength > UNREAD_BYTES_MAX
  }

  /** Answered elsewhere; meanwhile the client may ask other things (RFC 7766 §6.2.1.1). */
  #hand(request: Uint8Array): void {
    this.#transfers++
    this.#parts.desk.ask(this, request)
  }

  /** The answer's length; 0 for a message that gets none; `TRANSFER`, `LATER`. */
  #answer(view: DataView, at: number, length: number, filled: number, now: number): number {
    const fast = this.#answerFast(view, at, length, filled)
    if (fast > 0) return fast
    const { forwarding, counters, responder, proto } = this.#parts
    const answered = this.#respond(view, at, length, filled)
    if (answered <= 0) return answered
    if (forwarding?.foreign.pending !== undefined) {
      const message = new Uint8Array(view.buffer, view.byteOffset + at, length).slice()
      this.#postpone(forwarding, message, now, NOTHING_GIVEN)
      return LATER
    }
    forwarding?.refresh()
    this.#answers++
    counters.tell(responder, proto, length, answered)
    return answered
  }

  #postpone(
    forwarding: Forwarding,
    message: Uint8Array,
    started: number,
    given: readonly Given[],
  ): void {
    forwarding.postpone(this.address, given, (more) => {
      this.#answerLate(forwarding, message, started, more)
    })
  }

  /** What was found out for it is given. No turn of `#answerAll` is under way: output is free. */
  #answerLate(
    forwarding: Forwarding,
    message: Uint8Array,
    started: number,
    given: readonly Given[],
  ): void {
    if (!this.#socket.writable) return
    const { reader } = this.#parts
    this.#prepare(performance.now(), given)
    reader.enter()
    const answered = this.#respond(new DataView(message.buffer), 0, message.length, 0)
    reader.leave()
    if (forwarding.foreign.pending !== undefined) {
      return this.#postpone(forwarding, message, started, given)
    }
    this.#waiting--
    if (answered > 0) {
      this.#tell(message.length, answered, started)
      this.#write(PREFIX + answered)
    }
    this.lastMessageAt = performance.now()
    if (this.#isPaused && !this.#isUnread) this.#resume()
    if (this.#hasEnded) this.#endWhenDone()
  }

  #tell(asked: number, answered: number, started: number): void {
    const { counters, responder, proto } = this.#parts
    counters.tell(responder, proto, asked, answered, (performance.now() - started) / 1000)
  }

  /** Says who asks. */
  #prepare(now: number, given: readonly Given[]): void {
    const { responder, forwarding, proto } = this.#parts
    const { client } = responder
    client.isTcp = true
    client.isEncrypted = proto === 2
    setClient(client, this.address)
    forwarding?.prepare(client, now, given)
  }

  #respond(view: DataView, at: number, length: number, filled: number): number {
    const { responder, counters, outputView } = this.#parts
    const answered = responder.respond(view, at, length, filled + PREFIX)
    if (answered === TRANSFER) return TRANSFER
    if (answered === 0) {
      counters.add('drop_response', 1)
      return 0
    }
    outputView.setUint16(filled, answered)
    return answered
  }

  /** In place of a copy of the query, when it is of the usual kind; else 0. */
  #answerFast(view: DataView, at: number, length: number, filled: number): number {
    const { fast, counters, output, outputView, proto } = this.#parts
    if (length > FAST_QUERY_MAX || counters.isNextLogged()) return 0
    const to = filled + PREFIX
    for (let i = 0; i < length; i++) output[to + i] = view.getUint8(at + i)
    const answered = fast.respond(outputView, to, length, MESSAGE_MAX + SLACK)
    if (answered === 0) return 0
    outputView.setUint16(filled, answered)
    this.#answers++
    counters.tellFast(fast.told, proto, length, answered)
    return answered
  }

  /** The output is used again at once, so the socket gets a copy. */
  #write(filled: number): void {
    this.#socket.write(this.#parts.output.slice(0, filled))
  }

  /** A framing error, or a message that is no query: nothing after it can be trusted. */
  #giveUp(filled: number): void {
    if (filled > 0) this.#write(filled)
    this.#isOver = true
    this.#socket.end()
    this.#socket.destroySoon()
  }

  /** `isNext`: the message before it came to its end, so this one begins now. */
  #keep(rest: Uint8Array, now: number, isNext: boolean): void {
    if (rest.length === 0 || isNext) this.unfinishedSince = undefined
    if (rest.length === 0) return
    this.unfinishedSince ??= now
    // One more than the longest message can never wait here: it would be whole.
    this.#pending ??= new Uint8Array(PREFIX + MESSAGE_MAX)
    this.#pending.set(rest)
    this.#pendingLength = rest.length
  }

  /** Until `drain`. What is not read meanwhile is late through us, not through the client. */
  #pause(rest: Uint8Array | undefined): void {
    this.#socket.pause()
    this.#isPaused = true
    this.#unparsed = rest
    this.unfinishedSince = undefined
  }

  /** Until a later turn: others want to be served, too. */
  #yield(rest: Uint8Array): void {
    this.#pause(rest)
    if (this.#isDeferred) return
    this.#isDeferred = true
    turns.defer(() => {
      this.#isDeferred = false
      if (this.#socket.writable && !this.#isUnread) this.#resume()
    })
  }

  #resume(): void {
    if (!this.#isPaused) return
    const rest = this.#unparsed
    const now = performance.now()
    this.#isPaused = false
    this.#unparsed = undefined
    this.lastMessageAt = now
    if (this.#pendingLength > 0) this.unfinishedSince = now
    if (rest !== undefined) this.#answerAll(rest)
    // What has just been answered may have filled the pipe again.
    if (!this.#isPaused) this.#socket.resume()
    if (this.#hasEnded) this.#endWhenDone()
  }
}
