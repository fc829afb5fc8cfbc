import type * as Ffi from 'node:ffi'

/**
 * The few calls of libc that the load generator needs, through node:ffi.
 *
 * Rules that keep it from corrupting memory: only bigint pointers are passed, never Buffers (they
 * leak a handle per call in a loop); every block whose address was taken stays in `held`.
 */

const SIGNATURES = {
  socket: { return: 'int32', arguments: ['int32', 'int32', 'int32'] },
  connect: { return: 'int32', arguments: ['int32', 'pointer', 'uint32'] },
  setsockopt: { return: 'int32', arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'] },
  close: { return: 'int32', arguments: ['int32'] },
  poll: { return: 'int32', arguments: ['pointer', 'uint64', 'int32'] },
  send: { return: 'int64', arguments: ['int32', 'pointer', 'uint64', 'int32'] },
  recv: { return: 'int64', arguments: ['int32', 'pointer', 'uint64', 'int32'] },
  recvmmsg: { return: 'int32', arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer'] },
  sendmmsg: { return: 'int32', arguments: ['int32', 'pointer', 'uint32', 'int32'] },
  __errno_location: { return: 'pointer', arguments: [] },
} as const

export const MSG_DONTWAIT = 0x40
export const MSG_NOSIGNAL = 0x4000
export const EAGAIN = 11
export const ECONNREFUSED = 111

const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const IPPROTO_TCP = 6
const TCP_NODELAY = 1
const POLLIN = 1

const held: unknown[] = []

/** Memory at a fixed address. Plain ArrayBuffers never move; small typed arrays would. */
export interface Block {
  readonly address: bigint
  readonly bytes: Buffer
  readonly view: DataView
}

export interface Libc {
  readonly functions: Ffi.WrappedFunctionsFromDefinitions<typeof SIGNATURES>
  readonly allocate: (size: number) => Block
  /** Of the last call of this thread. */
  readonly errno: () => number
}

/** Undefined where this Node or this platform has no such thing: then dnsperf does the work. */
export function openLibc(): Libc | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined
  const ffi = loadFfi()
  if (ffi === undefined) return undefined
  try {
    const library = bind(ffi)
    const where = library.functions.__errno_location()
    const errno = new DataView(ffi.toArrayBuffer(where, 4, false))
    held.push(library, errno)
    const allocate = (size: number): Block => {
      const memory = new ArrayBuffer(size)
      const address = ffi.getRawPointer(memory)
      const block = { address, bytes: Buffer.from(memory), view: new DataView(memory) }
      held.push(block)
      return block
    }
    return { functions: library.functions, allocate, errno: () => errno.getInt32(0, true) }
  } catch {
    return undefined
  }
}

function loadFfi(): typeof Ffi | undefined {
  try {
    return process.getBuiltinModule('node:ffi')
  } catch {
    return undefined
  }
}

function bind(ffi: typeof Ffi): Ffi.DynamicLibraryResult<typeof SIGNATURES> {
  return ffi.dlopen(null, SIGNATURES)
}

/** A UDP socket connected to 127.0.0.1:port: the kernel drops what comes from elsewhere. */
export function openUdp(libc: Libc, port: number): number {
  const fd = connectTo(libc, SOCK_DGRAM, port)
  const size = libc.allocate(4)
  size.view.setInt32(0, 1 << 20, true)
  libc.functions.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size.address, 4)
  libc.functions.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, size.address, 4)
  return fd
}

export function openTcp(libc: Libc, port: number): number {
  const fd = connectTo(libc, SOCK_STREAM, port)
  const one = libc.allocate(4)
  one.view.setInt32(0, 1, true)
  libc.functions.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one.address, 4)
  return fd
}

function connectTo(libc: Libc, kind: number, port: number): number {
  const fd = libc.functions.socket(AF_INET, kind, 0)
  if (fd < 0) throw new Error(`socket: errno ${libc.errno()}`)
  const address = libc.allocate(16)
  address.view.setUint16(0, AF_INET, true)
  address.view.setUint16(2, port)
  address.bytes.set([127, 0, 0, 1], 4)
  if (libc.functions.connect(fd, address.address, 16) !== 0) {
    throw new Error(`connect to 127.0.0.1:${port}: errno ${libc.errno()}`)
  }
  return fd
}

/** One poll over many sockets: which of them have something to read. */
export class Readiness {
  readonly #libc: Libc
  readonly #fds: Block
  readonly #count: bigint

  constructor(libc: Libc, fds: readonly number[]) {
    this.#libc = libc
    this.#fds = libc.allocate(fds.length * 8)
    this.#count = BigInt(fds.length)
    for (const [i, fd] of fds.entries()) {
      this.#fds.view.setInt32(i * 8, fd, true)
      this.#fds.view.setInt16(i * 8 + 4, POLLIN, true)
    }
  }

  /** How many have something, waiting up to `ms` (0: not at all). */
  poll(ms: number): number {
    return this.#libc.functions.poll(this.#fds.address, this.#count, ms)
  }

  /** An error of the socket, say a refused port, counts as ready: reading it tells. */
  isReady(index: number): boolean {
    return this.#fds.view.getInt16(index * 8 + 6, true) !== 0
  }
}

/** `count` message headers, each over one slot of `size` bytes, for recvmmsg and sendmmsg. */
export class Batch {
  readonly slots: Block
  readonly size: number
  readonly count: number
  readonly address: bigint
  readonly #headers: Block
  readonly #vectors: Block

  constructor(libc: Libc, count: number, size: number) {
    this.count = count
    this.size = size
    this.slots = libc.allocate(count * size)
    this.#headers = libc.allocate(count * HEADER)
    this.#vectors = libc.allocate(count * VECTOR)
    this.address = this.#headers.address
    for (let i = 0; i < count; i++) {
      this.#vectors.view.setBigUint64(i * VECTOR, this.slots.address + BigInt(i * size), true)
      this.setLength(i, size)
      this.#headers.view.setBigUint64(
        i * HEADER + 16,
        this.#vectors.address + BigInt(i * VECTOR),
        true,
      )
      this.#headers.view.setBigUint64(i * HEADER + 24, 1n, true)
    }
  }

  setLength(index: number, bytes: number): void {
    this.#vectors.view.setUint32(index * VECTOR + 8, bytes, true)
  }

  /** What recvmmsg put into the slot. */
  received(index: number): number {
    return this.#headers.view.getUint32(index * HEADER + 56, true)
  }
}

// struct mmsghdr and struct iovec of 64-bit Linux.
const HEADER = 64
const VECTOR = 16
