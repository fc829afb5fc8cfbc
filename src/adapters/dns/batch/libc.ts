import type * as Ffi from 'node:ffi'

/**
 * Every call that Cairn makes through node:ffi, and every number of the system's ABI: nothing
 * outside this folder knows either. The signatures are those of the manual pages (recvmmsg(2),
 * sendmmsg(2), poll(2), socket(7), udp(7), ip(7), ipv6(7)) and of libuv's loop API; `dlopen(null)`
 * finds libc and libuv in the running program.
 *
 * What keeps memory whole (each was seen to corrupt or hang without it):
 * - only bigint addresses are passed; an ArrayBuffer as an argument leaks a handle per call;
 * - memory whose address was taken is held by `held`, for ever: the collector does not know it;
 * - no callback is ever given to the system;
 * - errno is read right after the call, from this thread's own place.
 */

const SIGNATURES = {
  socket: { return: 'int32', arguments: ['int32', 'int32', 'int32'] },
  bind: { return: 'int32', arguments: ['int32', 'pointer', 'uint32'] },
  getsockname: { return: 'int32', arguments: ['int32', 'pointer', 'pointer'] },
  setsockopt: { return: 'int32', arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'] },
  getsockopt: { return: 'int32', arguments: ['int32', 'int32', 'int32', 'pointer', 'pointer'] },
  close: { return: 'int32', arguments: ['int32'] },
  poll: { return: 'int32', arguments: ['pointer', 'uint64', 'int32'] },
  madvise: { return: 'int32', arguments: ['pointer', 'uint64', 'int32'] },
  sched_setscheduler: { return: 'int32', arguments: ['int32', 'int32', 'pointer'] },
  recvmmsg: { return: 'int32', arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer'] },
  sendmmsg: { return: 'int32', arguments: ['int32', 'pointer', 'uint32', 'int32'] },
  __errno_location: { return: 'pointer', arguments: [] },
  uv_backend_fd: { return: 'int32', arguments: ['pointer'] },
  uv_backend_timeout: { return: 'int32', arguments: ['pointer'] },
  uv_update_time: { return: 'void', arguments: ['pointer'] },
} as const

/** Values of Linux for x86-64 and arm64 (include/uapi, asm-generic): both LP64, little-endian. */
export const SYS = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0x800,
  SOCK_CLOEXEC: 0x8_0000,
  SOL_SOCKET: 1,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_REUSEPORT: 15,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,
  SO_MEMINFO: 55,
  IPPROTO_IP: 0,
  IP_PKTINFO: 8,
  IP_MTU_DISCOVER: 10,
  IPPROTO_IPV6: 41,
  IPV6_MTU_DISCOVER: 23,
  IPV6_V6ONLY: 26,
  IPV6_RECVPKTINFO: 49,
  IPV6_PKTINFO: 50,
  /** Don't fragment, whatever is believed of the path. */
  PMTUDISC_PROBE: 3,
  /** Fragment by the interface alone: what ICMP says of a path may be forged (RFC 8085 §3.2). */
  PMTUDISC_OMIT: 5,
  SOL_UDP: 17,
  UDP_SEGMENT: 103,
  MADV_HUGEPAGE: 14,
  SCHED_RR: 2,
  /** Threads that it starts are ordinary ones. */
  SCHED_RESET_ON_FORK: 0x4000_0000,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  POLLIN: 1,
  EPERM: 1,
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  EINVAL: 22,
  EMSGSIZE: 90,
} as const

/** struct mmsghdr of 64-bit Linux: a struct msghdr, then the count of octets. */
export const MMSGHDR = {
  NAME: 0,
  NAME_LENGTH: 8,
  VECTOR: 16,
  VECTOR_COUNT: 24,
  CONTROL: 32,
  CONTROL_LENGTH: 40,
  FLAGS: 48,
  LENGTH: 56,
  SIZE: 64,
} as const

/** struct iovec. */
export const IOVEC = { BASE: 0, LENGTH: 8, SIZE: 16 } as const

/** struct sockaddr_in and sockaddr_in6; ports and addresses are in network order. */
export const SOCKADDR = {
  FAMILY: 0,
  PORT: 2,
  V4_ADDRESS: 4,
  V4_SIZE: 16,
  V6_ADDRESS: 8,
  V6_SCOPE: 24,
  V6_SIZE: 28,
} as const

/** struct cmsghdr: a length that includes it, level and type, then data, padded to 8 octets. */
export const CMSG = { LENGTH: 0, LEVEL: 8, TYPE: 12, DATA: 16 } as const

/** struct pollfd. */
export const POLLFD = { FD: 0, EVENTS: 4, RETURNED: 6, SIZE: 8 } as const

/** Octets on either side of a block that nobody may write. */
const CANARY_BYTES = 64
const CANARY = 0xa5

/** Memory at a fixed address, between canaries. */
export interface Block {
  readonly address: bigint
  readonly view: DataView
  readonly bytes: Uint8Array
  /** The same memory by words, in the machine's order: little-endian here. */
  readonly words: Int32Array
}

/** As in the manual pages; pointers are addresses. */
interface LibcFunctions {
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly bind: (fd: number, address: bigint, length: number) => number
  readonly getsockname: (fd: number, address: bigint, length: bigint) => number
  readonly setsockopt: Option<number>
  readonly getsockopt: Option<bigint>
  readonly close: (fd: number) => number
  readonly poll: (fds: bigint, count: bigint, ms: number) => number
  readonly madvise: (address: bigint, length: bigint, advice: number) => number
  readonly sched_setscheduler: (thread: number, policy: number, parameter: bigint) => number
  readonly recvmmsg: (fd: number, to: bigint, n: number, flags: number, timeout: bigint) => number
  readonly sendmmsg: (fd: number, from: bigint, n: number, flags: number) => number
  readonly uv_backend_timeout: (loop: bigint) => number
  readonly uv_backend_fd: (loop: bigint) => number
  readonly uv_update_time: (loop: bigint) => void
}

type Option<Length> = (
  fd: number,
  level: number,
  option: number,
  value: bigint,
  length: Length,
) => number

export interface Libc {
  readonly functions: LibcFunctions
  /** Zeroed, and never freed: for what lives as long as its thread. */
  readonly allocate: (size: number) => Block
  /** Where shared memory stands; it is held for ever. */
  readonly addressOf: (buffer: SharedArrayBuffer) => bigint
  /** Of the last call of this thread. */
  readonly errno: () => number
  /** libuv's loop of this thread. */
  readonly loop: bigint
}

/** All that was ever handed to the system by this thread: the collector does not know its uses. */
const held: unknown[] = []
const canaries: Uint8Array[] = []

/** The calls, for this thread; throws where there is no node:ffi or it may not be used. */
export function openLibc(): Libc {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new Error(`${process.platform} on ${process.arch} has other structures`)
  }
  const ffi = process.getBuiltinModule('node:ffi')
  if (ffi === undefined) throw new Error('this Node has no node:ffi')
  const library = ffi.dlopen(null, SIGNATURES)
  const errno = new DataView(ffi.toArrayBuffer(library.functions.__errno_location(), 4, false))
  held.push(library, errno)
  return {
    functions: library.functions,
    allocate: (size) => allocate(ffi, size),
    addressOf: (buffer) => {
      const view = new Uint8Array(buffer)
      held.push(view)
      return ffi.getRawPointer(view)
    },
    errno: () => errno.getInt32(0, true),
    loop: ffi.getCurrentEventLoop(),
  }
}

/** Whether nobody ever wrote beyond the ends of a block of this thread. */
export function areBlocksIntact(): boolean {
  return canaries.every((canary) => canary.every((octet) => octet === CANARY))
}

/** Upper and lower half of an address, as words. */
export function highOf(address: bigint): number {
  return Number(BigInt.asIntN(32, address >> 32n))
}

export function lowOf(address: bigint): number {
  return Number(BigInt.asIntN(32, address))
}

/** A block has one upper half of addresses: one that crosses 4 GiB is left aside. */
function allocate(ffi: typeof Ffi, size: number): Block {
  const whole = CANARY_BYTES + ((size + 7) & ~7)
  for (;;) {
    const buffer = new ArrayBuffer(whole + CANARY_BYTES)
    const address = ffi.getRawPointer(buffer) + BigInt(CANARY_BYTES)
    held.push(buffer)
    if (address >> 32n !== (address + BigInt(size)) >> 32n) continue
    for (const at of [0, whole]) {
      canaries.push(new Uint8Array(buffer, at, CANARY_BYTES).fill(CANARY))
    }
    return {
      address,
      view: new DataView(buffer, CANARY_BYTES, size),
      bytes: new Uint8Array(buffer, CANARY_BYTES, size),
      words: new Int32Array(buffer, CANARY_BYTES, size >> 2),
    }
  }
}
