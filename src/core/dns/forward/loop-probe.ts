import { concatNames, parseName } from '../name.ts'
import { CLASS, RCODE, TYPE } from '../protocol.ts'
import { EntryBuilder, type Entry } from './entry.ts'
import type { Question } from './question.ts'

/** Drawn per process and never guessable; lower-case letters and digits. */
export interface LoopSecrets {
  /** Label of the probe: seen by the upstreams and by whom they ask. */
  readonly label: string
  /** The proof, given only in the answer: nobody else can make us believe in a loop. */
  readonly proof: string
}

/** A name that is nobody's: RFC 2606 keeps it free, and resolvers hand it on. */
const NOBODYS = parseName('loop.example.')

/**
 * Finds upstreams that ask us in turn. Each is asked for a name that only we can answer; if the
 * answer comes, it came from ourselves. A name that others could guess would let them switch our
 * upstreams off (CVE-2026-26018); here even who sees the name does not know the proof.
 */
export class LoopProbe {
  readonly #label: Uint8Array
  readonly #proof: Uint8Array

  constructor({ label, proof }: LoopSecrets) {
    this.#label = parseName(`${label}.`)
    this.#proof = characterString(proof)
  }

  /** What to ask the upstreams of a route for names below `suffix`. */
  questionFor(suffix: Uint8Array): Question {
    const below = suffix.length === 1 ? NOBODYS : suffix
    const name = concatNames(this.#label, below)
    return { name, type: TYPE.TXT, isDnssec: false, isUnchecked: false }
  }

  /** The answer to a probe of our own that has come back to us. */
  answer({ name, type }: Question): Entry | undefined {
    if (type !== TYPE.TXT || name.length <= this.#label.length) return undefined
    // The label's final octet is the root's, where the probe goes on.
    for (let i = 0; i < this.#label.length - 1; i++) {
      if (name[i] !== this.#label[i]) return undefined
    }
    const builder = new EntryBuilder()
    const record = { owner: name, type, class: CLASS.IN, ttl: 0, data: this.#proof }
    builder.addAnswer(record, 0, 0)
    return builder.build({ rcode: RCODE.NOERROR, isAuthentic: false, isOpen: false, ttl: 0 })
  }

  isProof({ body, answers }: Entry): boolean {
    const data = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).subarray(10)
    if (answers !== 1 || data.length !== this.#proof.length) return false
    return data.every((octet, i) => octet === this.#proof[i])
  }
}

/** RFC 1035 §3.3: one octet of length. */
function characterString(text: string): Uint8Array {
  const octets = new TextEncoder().encode(text)
  return Uint8Array.of(octets.length, ...octets)
}
