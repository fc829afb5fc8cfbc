/**
 * Where things are in the shared table. All offsets are bytes from the start of the buffer, all
 * blocks are aligned to 8, numbers are little-endian; record bytes inside blocks are wire format.
 *
 *   header │ zone slots │ arena: directory, segments, name entries, blocks …
 *
 * The control plane writes, DNS workers read. A block is immutable once a pointer to it was stored;
 * a change writes a new block and swaps the pointer, so a reader sees the old or the new, never
 * half.
 */

export const MAGIC = 0x63_61_69_72

export const HEADER = {
  MAGIC: 0,
  /** The name index in force. */
  INDEX: 4,
  /** Low 32 bits of the registry's revision: the SOA serial of the dynamic zones. */
  SERIAL: 8,
  /** Key of the name hash, 64 bits, drawn per process: colliding names cannot be prepared. */
  SEED: 16,
  /** 1 once the registry is caught up; before that dynamic names are answered SERVFAIL. */
  READY: 24,
  /** Grows with every reclamation; readers announce the one they entered in. */
  EPOCH: 28,
  /** 1 while a namespace has the id `ns`: then that label is no alias (dns.md §3.3). */
  NS_TAKEN: 32,
  /** One reader slot per worker, 64 bytes apart so that workers do not share a cache line. */
  READERS: 64,
} as const

export const READERS_MAX = 64
const READER_STRIDE = 64

export function readerSlot(worker: number): number {
  return HEADER.READERS + worker * READER_STRIDE
}

/** Apex blocks by zone number; 0 = none. */
export const ZONE_SLOTS: number = HEADER.READERS + READERS_MAX * READER_STRIDE
export const ZONES_MAX = 1024
export const ARENA_START: number = ZONE_SLOTS + ZONES_MAX * 4

/** The name index: the first `BITS` bits of a name's hash number its segment. */
export const DIRECTORY = { BITS: 0, SEGMENTS: 8 } as const

/**
 * Some names: slots of (hash, entry), found from the hash's last bits on. Entry 0 is empty. The
 * words before the slots are the writer's: bits that its hashes share, names, slots not empty, and
 * the arena's block that it stands in.
 */
export const SEGMENT = {
  DEPTH: 0,
  LIVE: 4,
  FILLED: 8,
  BLOCK: 12,
  SLOTS: 64,
  SLOT_BYTES: 8,
  SLOT_COUNT: 512,
  /** In place of an entry: a name was here, the chain goes on. */
  REMOVED: 1,
} as const

/** A name: pointer to its block, its length, its lower-cased wire form. */
export const ENTRY = { BLOCK: 0, KEY_LENGTH: 4, KEY: 8 } as const

export const KIND = { NODE: 1, SERVICE: 2, CHAIN: 3 } as const

/** The first words of every block. */
export const BLOCK = { KIND: 0, FLAGS: 4, ZONE: 8 } as const

export const FLAG = {
  APEX: 1,
  /** A delegation: names here and below belong to somebody else. */
  CUT: 2,
  /** Below a delegation: only good as glue. */
  OCCLUDED: 4,
  /** A child `*` exists (RFC 4592). */
  WILDCARD: 8,
  /** Its zone's names come from the registry: serial from the header, name forms of dns.md §3. */
  DYNAMIC: 16,
  /** All below lives elsewhere (RFC 6672). */
  DNAME: 32,
  /** An apex whose zone can prove what does not exist: it has a chain. */
  SIGNED: 64,
  /** The apex of a zone of ours that could not be read: nobody knows what is in it. */
  UNREADY: 128,
} as const

/**
 * First octet of keys that are no names: no label has such a length. The name follows. What stands
 * under them is found by who looks for it, never by a question's name.
 */
export const MARK = {
  /** The delegation to a zone that is served here, too: its DS, and the proof that it has none. */
  PARENT_SIDE: 0x81,
  /** An NSEC3 record: its owner is a hash and no name of the zone (RFC 5155 §7.2.8). */
  HASHED: 0x82,
  /** The zone's chain, by its apex. */
  CHAIN: 0x83,
} as const

/** A node: RRsets with their records ready to copy. */
export const NODE = {
  /** Length of the owner's name, in octets: an apex is found at the end of a longer name. */
  NAME_LENGTH: 12,
  RRSET_COUNT: 16,
  RRSETS: 24,
} as const

/** One RRset in a node's directory. The records start with a pointer to offset 12, the qname. */
export const RRSET = { TYPE: 0, COUNT: 4, OFFSET: 8, BYTES: 12, SIZE: 16 } as const

/**
 * In an apex's directory: its SOA with the negative TTL (RFC 2308 §5). No such type on the wire.
 */
export const NEGATIVE_SOA = 0x1_0000

/** In a directory, in place of a type: the signatures that cover the type in the low bits. */
export const SIGNATURES = 0x2_0000

/**
 * The names that deny others, in their order, to be searched by halves. NSEC: `COUNT` offsets of
 * counted names, labels below the apex from right to left (RFC 4034 §6.1). NSEC3: as many hashes.
 */
export const CHAIN = {
  COUNT: 12,
  /** Of NSEC3; −1 for NSEC. */
  ITERATIONS: 16,
  SALT_LENGTH: 20,
  SALT: 24,
  ENTRIES: 280,
  HASH_BYTES: 20,
} as const

/** A service: who is answered, per cluster, weighted. */
export const SERVICE = {
  TTL: 12,
  /** Answers to give: 0 = auto, −1 = all, else at most so many. */
  ANSWERS: 16,
  SECTION_COUNT: 20,
  TXT_OFFSET: 24,
  TXT_BYTES: 28,
  /** A `LOCALITY`: how far the client's cluster goes before the rest. */
  LOCALITY: 32,
  /** All instances, answered or not. */
  ROW_COUNT: 36,
  ROWS: 40,
  SECTIONS: 48,
} as const

export const LOCALITY = { OFF: 0, PREFER: 1, SPILL: 2, ONLY: 3 } as const

/**
 * One selection of instances: section 0 is the whole service, the others are one cluster each.
 * Tables start with `count` running sums of weights (float64), then the addresses, or for SRV the
 * offsets of the records.
 */
export const SECTION = {
  A_COUNT: 0,
  A_TABLE: 4,
  AAAA_COUNT: 8,
  AAAA_TABLE: 12,
  SRV_COUNT: 16,
  SRV_TABLE: 20,
  FLAGS: 24,
  /** Offset of the cluster's label: length octet, then the label as the encoder spells it. */
  CLUSTER: 28,
  /** Share of its candidates' weight that is healthy, 0 … 1 (float64). */
  CAPACITY: 32,
  HEALTHY: 40,
  /** Candidates, healthy or not. */
  TOTAL: 44,
  SIZE: 48,
} as const

export const SECTION_FLAG = {
  /** The protect rule is in force: all are answered, healthy or not. */
  PROTECTED: 1,
  /** Some instance says what it speaks: then `_token._tcp` selects (dns.md §3.7). */
  TOKENS: 8,
  /** Weights differ among the IPv4 (IPv6) candidates. */
  A_UNEQUAL: 2,
  AAAA_UNEQUAL: 4,
} as const

/**
 * One SRV record: port and protocol token for `_port._tcp` and `_token._tcp`; the record from its
 * type field on; the target's address for the additional section.
 */
export const SRV = {
  PORT: 0,
  /** Offset of the token (length octet, then lower-case text); 0 = none declared. */
  TOKEN: 4,
  /** 0, 4 or 16. */
  ADDRESS_BYTES: 8,
  /** Equal for records of one address: it is told once in the additional section. */
  HOST: 12,
  ADDRESS: 16,
  RECORD_BYTES: 32,
  /** Number of its cluster's section. */
  SECTION: 36,
  RECORD: 40,
} as const

/** One instance, answered or not: what reasons are made of (`explain/`). */
export const ROW = {
  /** Milliseconds since 1970 (float64) since which it stands as it does. */
  SINCE: 0,
  WEIGHT: 8,
  /** By family: the IPv4 address as a number, the offset of 16 octets, or of a counted text. */
  HOST: 16,
  PORT: 20,
  /** A `STANDING`. */
  STANDING: 24,
  /** A `ROW_FAMILY`. */
  FAMILY: 28,
  /** Number of its cluster's section. */
  SECTION: 32,
  /** As in `SRV`. */
  TOKEN: 36,
  SIZE: 40,
} as const

/** `NAME`: a host name that SRV can point at. `NOTHING`: neither an address nor a name. */
export const ROW_FAMILY = { V4: 4, V6: 6, NAME: 1, NOTHING: 0 } as const
