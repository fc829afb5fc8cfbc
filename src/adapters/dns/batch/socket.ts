import { getSystemErrorName } from 'node:util'
import { parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import type { BatchSocket } from '../worker-data.ts'
import { SOCKADDR, SYS, type Block, type Libc } from './libc.ts'

/** Octets of what `SO_MEMINFO` tells, and where it counts drops (SK_MEMINFO_DROPS). */
const MEMINFO_BYTES = 36
const MEMINFO_DROPS = 32
/** Answers of several batches: a full buffer would lose some. */
const SEND_BUFFER_BYTES = 4 << 20

/** What the system refused; `code` is its name for it, as in Node's errors. */
export class SystemError extends Error {
  readonly code: string

  constructor(call: string, errno: number) {
    const code = getSystemErrorName(-errno)
    super(`${call}: ${code}`)
    this.code = code
  }
}

/** Opens and closes UDP sockets, for one thread. */
export class Sockets {
  readonly #libc: Libc
  /** Sockets whose answers may be cut into fragments. */
  readonly #fragmenting = new Set<number>()
  /** An address, a number or `SO_MEMINFO`'s, and a length. */
  readonly #block: Block
  readonly #length: Block

  constructor(libc: Libc) {
    this.#libc = libc
    this.#block = libc.allocate(64)
    this.#length = libc.allocate(8)
  }

  /**
   * Bound, shared by port, not blocking; `hasInfo`: it may be asked at several addresses. Throws a
   * `SystemError`.
   */
  open(
    address: string,
    port: number,
    receiveBufferBytes: number,
    hasInfo: boolean = isWildcard(address),
  ): BatchSocket {
    const isV6 = address.includes(':')
    const { functions } = this.#libc
    const kind = SYS.SOCK_DGRAM | SYS.SOCK_NONBLOCK | SYS.SOCK_CLOEXEC
    const fd = functions.socket(isV6 ? SYS.AF_INET6 : SYS.AF_INET, kind, 0)
    if (fd < 0) throw this.#error('socket')
    try {
      this.#setOptions(fd, isV6, hasInfo)
      this.#widen(fd, receiveBufferBytes)
      if (port !== 0) this.#share(fd)
      const size = this.#putAddress(address, port)
      if (functions.bind(fd, this.#block.address, size) !== 0) throw this.#error('bind')
      // A free port may be one that others share: shared from the start, it need not be ours alone.
      if (port === 0) this.#share(fd)
      return { fd, address, port: this.#portOf(fd), isV6, hasInfo }
    } catch (error) {
      this.close(fd)
      throw error
    }
  }

  close(fd: number): void {
    this.#fragmenting.delete(fd)
    this.#libc.functions.close(fd)
  }

  /** Datagrams that the socket lost for want of room since it was opened. */
  dropsOf(fd: number): number {
    const { functions } = this.#libc
    const { address, view } = this.#block
    this.#length.view.setUint32(0, MEMINFO_BYTES, true)
    const length = this.#length.address
    const done = functions.getsockopt(fd, SYS.SOL_SOCKET, SYS.SO_MEMINFO, address, length)
    return done === 0 ? view.getUint32(MEMINFO_DROPS, true) : 0
  }

  #share(fd: number): void {
    this.#set(fd, SYS.SOL_SOCKET, SYS.SO_REUSEPORT, 1)
  }

  /**
   * Answers travel whole (RFC 9715 §3.1, R2), which also spares the kernel an identification for
   * each, until one is too long for its interface: then this socket's may be cut. False: they may
   * be already.
   */
  allowFragments(fd: number, isV6: boolean): boolean {
    if (this.#fragmenting.has(fd)) return false
    this.#fragmenting.add(fd)
    const [level, discover] = isV6
      ? [SYS.IPPROTO_IPV6, SYS.IPV6_MTU_DISCOVER]
      : [SYS.IPPROTO_IP, SYS.IP_MTU_DISCOVER]
    return this.#try(fd, level, discover, SYS.PMTUDISC_OMIT)
  }

  #setOptions(fd: number, isV6: boolean, hasInfo: boolean): void {
    if (isV6) this.#set(fd, SYS.IPPROTO_IPV6, SYS.IPV6_V6ONLY, 1)
    const [level, discover, info] = isV6
      ? [SYS.IPPROTO_IPV6, SYS.IPV6_MTU_DISCOVER, SYS.IPV6_RECVPKTINFO]
      : [SYS.IPPROTO_IP, SYS.IP_MTU_DISCOVER, SYS.IP_PKTINFO]
    this.#set(fd, level, discover, SYS.PMTUDISC_PROBE)
    if (hasInfo) this.#set(fd, level, info, 1)
  }

  /** Bursts wait there. Beyond net.core.rmem_max only CAP_NET_ADMIN gets: others get that much. */
  #widen(fd: number, receiveBytes: number): void {
    if (!this.#try(fd, SYS.SOL_SOCKET, SYS.SO_RCVBUFFORCE, receiveBytes)) {
      this.#try(fd, SYS.SOL_SOCKET, SYS.SO_RCVBUF, receiveBytes)
    }
    if (!this.#try(fd, SYS.SOL_SOCKET, SYS.SO_SNDBUFFORCE, SEND_BUFFER_BYTES)) {
      this.#try(fd, SYS.SOL_SOCKET, SYS.SO_SNDBUF, SEND_BUFFER_BYTES)
    }
  }

  #set(fd: number, level: number, option: number, value: number): void {
    if (!this.#try(fd, level, option, value)) throw this.#error('setsockopt')
  }

  #try(fd: number, level: number, option: number, value: number): boolean {
    this.#block.view.setInt32(0, value, true)
    return this.#libc.functions.setsockopt(fd, level, option, this.#block.address, 4) === 0
  }

  /** The answer is the structure's size. */
  #putAddress(address: string, port: number): number {
    const { view, bytes } = this.#block
    bytes.fill(0)
    view.setUint16(SOCKADDR.PORT, port)
    const v4 = parseIPv4(address)
    if (v4 !== undefined) {
      view.setUint16(SOCKADDR.FAMILY, SYS.AF_INET, true)
      view.setUint32(SOCKADDR.V4_ADDRESS, v4)
      return SOCKADDR.V4_SIZE
    }
    view.setUint16(SOCKADDR.FAMILY, SYS.AF_INET6, true)
    bytes.set(parseIPv6(address) ?? [], SOCKADDR.V6_ADDRESS)
    return SOCKADDR.V6_SIZE
  }

  #portOf(fd: number): number {
    this.#length.view.setUint32(0, SOCKADDR.V6_SIZE, true)
    const { functions } = this.#libc
    if (functions.getsockname(fd, this.#block.address, this.#length.address) !== 0) {
      throw this.#error('getsockname')
    }
    return this.#block.view.getUint16(SOCKADDR.PORT)
  }

  #error(call: string): SystemError {
    return new SystemError(call, this.#libc.errno())
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}
