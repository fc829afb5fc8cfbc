import { formatName } from '../../src/core/dns/name.ts'
import { readName, type Answer } from './answer.ts'
import type { Question } from './questions.ts'

export interface Case {
  readonly question: Question
  readonly server: 'knot' | 'nsd'
  readonly ours: Answer
  readonly theirs: Answer
  /** Both were truncated over UDP, or neither; the answers are those over TCP if one was. */
  readonly isFitEqual: boolean
}

/** A difference that is right, and where it is written. */
export interface Allowed {
  readonly why: string
  readonly rfc: string
  readonly fits: (one: Case) => boolean
}

const CNAME = 5
const DNAME = 39
const RRSIG = 46
const NSEC = 47
const ANY = 255

export const ALLOWED: readonly Allowed[] = [
  {
    why: 'ANY: HINFO or one RRset, whichever',
    rfc: 'RFC 8482 §4',
    fits: ({ question: { type } }) => type === ANY,
  },
  {
    why: 'RRSIG: all signatures, or those of one set',
    rfc: 'RFC 8482 §4.1, RFC 4034 §3',
    fits: ({ question: { type }, ours, theirs }) =>
      type === RRSIG && theirs.answer.length > 0 && isPart(theirs.answer, ours.answer),
  },
  {
    why: 'TC: what fits depends on how well names are compressed; over TCP the answers are the same',
    rfc: 'RFC 1035 §4.1.4, RFC 2181 §9',
    fits: ({ isFitEqual, ours, theirs }) =>
      !isFitEqual && JSON.stringify(ours) === JSON.stringify(theirs),
  },
  {
    why: 'NSD proves of a name that is a wildcard itself that nothing matches it better',
    rfc: 'RFC 5155 §7.2.3 asks for less than §7.2.5',
    fits: ({ question: { name }, server, ours, theirs }) =>
      server === 'nsd' &&
      name[0] === 1 &&
      name[1] === 0x2a &&
      isSameBut(ours, theirs) &&
      isPart(ours.authority, theirs.authority),
  },
  {
    why: 'NSEC and RRSIG of an alias: NSD follows the alias, Knot and we say what is there',
    rfc: 'RFC 2181 §10.1, RFC 4035 §2.5',
    fits: ({ question: { type }, server, ours, theirs }) =>
      server === 'nsd' &&
      (type === NSEC || type === RRSIG) &&
      ours.answer.length === 0 &&
      theirs.answer.some((line) => line.includes(` ${CNAME} `)),
  },
  {
    why: 'a DNAME that leads below itself: how often it is followed',
    rfc: 'RFC 1034 §3.6.2 sets no limit: they stop at the second turn, we after 16 names',
    fits: ({ question: { name }, ours, theirs }) =>
      formatName(name).includes('dnloop.') && isPart(theirs.answer, ours.answer),
  },
  {
    why: 'below a DNAME that a wildcard owns: Knot expands the DNAME, NSD and we take it as it is',
    rfc: 'RFC 4592 §4.4, RFC 6672 §2.1',
    fits: ({ question: { name }, server }) =>
      server === 'knot' && readName(name).includes('.*.dnw.'),
  },
  {
    why: 'NSD proves something else, or less, of the name that a DNAME leads to',
    rfc: 'RFC 4035 §3.1.3: Knot proves what we prove',
    fits: ({ question: { wantsDnssec }, server, ours, theirs }) =>
      server === 'nsd' &&
      wantsDnssec &&
      theirs.answer.some((line) => line.includes(` ${DNAME} `)) &&
      isSameBut(ours, theirs),
  },
  {
    why: 'NSD takes the owner of an NSEC3 for a name that exists, and proves something else below it',
    rfc: 'RFC 5155 §7.2.8: Knot and we do not',
    fits: ({ question: { name }, server, ours, theirs }) =>
      server === 'nsd' && /(?:^|\.)[0-9a-v]{32}\./.test(readName(name)) && isSameBut(ours, theirs),
  },
  {
    why: 'at and below an empty name that opt-out left without NSEC3, NSD proves something else',
    rfc: 'RFC 5155 §7.2.1, §7.2.4: Knot proves what we prove',
    fits: ({ question: { name }, server, ours, theirs }) =>
      server === 'nsd' && readName(name).endsWith('insecure.out.test.') && isSameBut(ours, theirs),
  },
  {
    why: 'the NSEC of a wildcard is asked for and proves itself: Knot tells it once, NSD and we twice',
    rfc: 'RFC 4035 §3.1.3.3',
    fits: ({ question: { type }, server, ours, theirs }) =>
      server === 'knot' &&
      type === NSEC &&
      isSameBut(ours, theirs) &&
      ours.authority.length > 0 &&
      theirs.authority.length === 0,
  },
]

/** But for the authority section. */
function isSameBut(a: Answer, b: Answer): boolean {
  return JSON.stringify({ ...a, authority: [] }) === JSON.stringify({ ...b, authority: [] })
}

function isPart(part: readonly string[], whole: readonly string[]): boolean {
  return part.every((line) => whole.includes(line))
}
