/** Numbers of the DNS protocol (IANA registry "Domain Name System Parameters"). */

export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  CDS: 59,
  CDNSKEY: 60,
  SVCB: 64,
  HTTPS: 65,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const

export const CLASS = { IN: 1, CH: 3, NONE: 254, ANY: 255 } as const

export const OPCODE = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  NOTAUTH: 9,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const

/** EDNS option codes. */
export const OPTION = { NSID: 3, ECS: 8, COOKIE: 10, KEEPALIVE: 11, PADDING: 12, EDE: 15 } as const

/** Extended DNS Errors (RFC 8914). */
export const EDE = {
  NONE: -1,
  STALE_ANSWER: 3,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  PROHIBITED: 18,
  STALE_NXDOMAIN: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  SYNTHESIZED: 29,
  /** Code 0 (Other Error) with words of ours: the low 16 bits are what goes over the wire. */
  BEYOND_LOCAL: 0x1_0000,
  NO_LOCAL: 0x2_0000,
} as const

/** The types told apart in metrics; the last one stands for all others. */
export const TYPES_TOLD: readonly string[] = [
  'A',
  'AAAA',
  'SRV',
  'TXT',
  'PTR',
  'NS',
  'SOA',
  'MX',
  'CNAME',
  'CAA',
  'DS',
  'SVCB',
  'HTTPS',
  'ANY',
  'NAPTR',
  'other',
]

/** The rcodes told apart in metrics; the last one stands for all others. */
export const RCODES_TOLD: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'NOTAUTH',
  'BADVERS',
  'BADCOOKIE',
  'other',
]
