import {
  MMSGHDR,
  SOCKADDR,
  type Block,
  type Libc,
} from '../../../../src/adapters/dns/batch/libc.ts'
import { BATCH, FAST_ROOM, STRIDE } from '../../../../src/adapters/dns/batch/receive-table.ts'

type Functions = Libc['functions']

/** The system with somebody between it and the engine, who answers some calls himself. */
export class LibcBetween {
  readonly libc: Libc
  /** The system's own. */
  readonly real: Functions
  /** What `errno` says; undefined: what the system said. */
  #errno: number | undefined
  readonly #blocks: Block[] = []

  /** `make` gives the calls that take the place of the system's. */
  constructor(libc: Libc, make: (between: LibcBetween) => Partial<Functions>) {
    this.real = libc.functions
    this.libc = {
      ...libc,
      functions: { ...libc.functions, ...make(this) },
      allocate: (size) => this.#note(libc.allocate(size)),
      errno: () => this.#errno ?? libc.errno(),
    }
  }

  /** What a call that was refused gives. */
  fail(errno: number): number {
    this.#errno = errno
    return -1
  }

  /** The structures at an address, up to the end of their block. */
  at(address: bigint): DataView {
    for (const block of this.#blocks) {
      const offset = Number(address - block.address)
      const { buffer, byteOffset, byteLength } = block.view
      if (offset < 0 || offset >= byteLength) continue
      return new DataView(buffer, byteOffset + offset, byteLength - offset)
    }
    throw new Error('no block stands there')
  }

  /** Whether the message at `from` is one that the kernel cuts up. */
  isSegmented(from: bigint): boolean {
    return this.at(from).getUint32(MMSGHDR.VECTOR_COUNT, true) > 1
  }

  /** Where the message at `from` goes. */
  portOf(from: bigint): number {
    return this.at(this.at(from).getBigUint64(MMSGHDR.NAME, true)).getUint16(SOCKADDR.PORT)
  }

  /** Whether nothing was ever written between the slots of the engine's blocks of them. */
  get isIntact(): boolean {
    for (const { bytes } of this.#blocks) {
      if (bytes.length !== (BATCH + 1) * STRIDE) continue
      for (let at = FAST_ROOM; at < bytes.length; at += STRIDE) {
        for (let k = at; k < at + STRIDE - FAST_ROOM; k++) if (bytes[k] !== 0) return false
      }
    }
    return true
  }

  #note(block: Block): Block {
    this.#blocks.push(block)
    return block
  }
}
