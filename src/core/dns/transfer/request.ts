import { Query, VERDICT } from '../answer/query.ts'
import { latin1 } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { readTsig, type TsigRecord } from './tsig.ts'

/** An AXFR or IXFR that a worker has let in: what its answer needs. */
export interface TransferRequest {
  readonly id: number
  /** The header's second word. */
  readonly flags: number
  /** The question section as it came. */
  readonly question: Uint8Array
  /** The name asked for, lower case, one character per octet. */
  readonly zone: string
  readonly kind: 'axfr' | 'ixfr'
  /** What an IXFR's client has. */
  readonly serial: number | undefined
  readonly hasOpt: boolean
  readonly wantsDnssec: boolean
  readonly tsig: TsigRecord | undefined
}

/** Reads it once more on this side; undefined when it is none. */
export function readTransferRequest(message: Uint8Array): TransferRequest | undefined {
  const query = new Query()
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  if (query.parse(view, 0, message.length) !== VERDICT.OK) return undefined
  if (query.type !== TYPE.AXFR && query.type !== TYPE.IXFR) return undefined
  return {
    id: query.id,
    flags: query.flags,
    question: message.slice(12, query.questionEnd),
    zone: latin1(query.key.subarray(0, query.nameLength)),
    kind: query.type === TYPE.AXFR ? 'axfr' : 'ixfr',
    serial: query.type === TYPE.IXFR ? query.serial : undefined,
    hasOpt: query.hasOpt,
    wantsDnssec: query.wantsDnssec,
    tsig: query.tsigAt === 0 ? undefined : readTsig(message, query.tsigAt),
  }
}
