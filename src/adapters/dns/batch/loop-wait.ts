import { POLLFD, SYS, type Block, type Libc } from './libc.ts'

/** Sockets that one wait can look at. */
const SOCKETS_MAX = 1024

/**
 * Waits for sockets and for the event loop of this thread together. libuv waits on one descriptor
 * of its own (uv_backend_fd), which can be polled like any other, and says for how long it would
 * wait (uv_backend_timeout; 0 while interests are not registered yet): whoever waits in its stead
 * wakes when it would have.
 */
export class LoopWait {
  readonly #libc: Libc
  readonly #fds: Block
  #count = 1n
  #ends = 0

  constructor(libc: Libc) {
    this.#libc = libc
    this.#fds = libc.allocate((SOCKETS_MAX + 1) * POLLFD.SIZE)
    this.#put(0, libc.functions.uv_backend_fd(libc.loop))
  }

  /** The sockets to wait for; at most `SOCKETS_MAX`. */
  watch(fds: readonly number[]): void {
    for (const [i, fd] of fds.entries()) this.#put(i + 1, fd)
    this.#count = BigInt(fds.length + 1)
  }

  /** How long the loop may stand still: milliseconds, −1 for ever, 0: it has something to do. */
  get loopMs(): number {
    const { functions, loop } = this.#libc
    functions.uv_update_time(loop)
    return functions.uv_backend_timeout(loop)
  }

  /** Until something comes, or `ms` have passed; −1 for ever. The thread sleeps. */
  wait(ms: number): void {
    const ready = this.#libc.functions.poll(this.#fds.address, this.#count, ms)
    // Interrupted: nobody is ready, whatever the table says.
    this.#ends = ready < 0 ? 0 : ready
  }

  /** Whether the loop has something to do. */
  get isLoopReady(): boolean {
    return this.#ends > 0 && this.#isReady(0)
  }

  /** Whether socket `i` of those that are watched has something, or an error. */
  isReady(i: number): boolean {
    return this.#ends > 0 && this.#isReady(i + 1)
  }

  #isReady(i: number): boolean {
    return this.#fds.view.getInt16(i * POLLFD.SIZE + POLLFD.RETURNED, true) !== 0
  }

  #put(i: number, fd: number): void {
    this.#fds.view.setInt32(i * POLLFD.SIZE + POLLFD.FD, fd, true)
    this.#fds.view.setInt16(i * POLLFD.SIZE + POLLFD.EVENTS, SYS.POLLIN, true)
  }
}
