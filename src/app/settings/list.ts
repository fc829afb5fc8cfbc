import type { Kind } from './kinds.ts'
import { describeSettings } from './table.ts'
import type { HostFacts } from './settings.ts'

/** One row of the table, for people. */
export interface Listed {
  readonly key: string
  /** The three spellings; the flag without its dashes. */
  readonly env: string
  readonly flag: string
  readonly short: string | undefined
  readonly expects: string
  readonly arity: Kind<unknown>['arity']
  /** As TOML. */
  readonly shownDefault: string
  readonly doc: string
  readonly isSecret: boolean
}

/** All settings in the order of the table. */
export function listSettings(host: HostFacts): readonly Listed[] {
  const rows: Listed[] = []
  describeSettings((key, kind, byDefault, { doc, secret, short }) => {
    const { expects, arity } = kind
    const shownDefault = kind.show(byDefault)
    const isSecret = secret ?? false
    rows.push({ key, ...spellings(key), short, expects, arity, shownDefault, doc, isSecret })
    return byDefault
  }, host)
  return rows
}

/** `dns.fail_open` → `CAIRN_DNS_FAIL_OPEN` and `dns.fail-open`. */
export function spellings(key: string): { readonly env: string; readonly flag: string } {
  return {
    env: `CAIRN_${key.replaceAll('.', '_').toUpperCase()}`,
    flag: key.replaceAll('_', '-'),
  }
}
