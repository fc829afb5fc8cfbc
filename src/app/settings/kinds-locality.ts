import { parseClusterName, type ClusterName } from '../../core/registry/ids.ts'
import { CairnError } from '../../kernel/errors.ts'
import { ok, problem, showText, type Kind, type Parsed, type Raw } from './kinds.ts'
import { NETWORK, type Network } from './kinds-transfer.ts'

/** A network of clients and the cluster that is theirs. */
export interface LocalitySetting {
  readonly network: Network
  readonly cluster: ClusterName
}

const EXPECTS = '{ cidr = "10.1.0.0/16", cluster = "bj" } or 10.1.0.0/16=bj'

/** TOML writes a table `{ cidr, cluster }` or, as text does, `cidr=cluster`. */
export const LOCALITY: Kind<LocalitySetting> = {
  expects: EXPECTS,
  arity: 'one',
  show: ({ network, cluster }) =>
    `{ cidr = ${showText(network.text)}, cluster = ${showText(cluster)} }`,
  parse(raw) {
    const parts = partsOf(raw)
    if (parts === undefined) return problem(`expected ${EXPECTS}`)
    const network = NETWORK.parse({ form: 'text', text: parts.cidr })
    if (!network.ok) return network
    const cluster = clusterOf(parts.cluster)
    return cluster.ok ? ok({ network: network.value, cluster: cluster.value }) : cluster
  },
}

interface Parts {
  readonly cidr: string
  readonly cluster: string
}

function partsOf(raw: Raw): Parts | undefined {
  const value = raw.form === 'text' ? raw.text : raw.value
  if (typeof value === 'string') {
    const at = value.indexOf('=')
    if (at < 0) return undefined
    return { cidr: value.slice(0, at).trim(), cluster: value.slice(at + 1).trim() }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { cidr, cluster, ...rest }: Readonly<Record<string, unknown>> = { ...value }
  if (typeof cidr !== 'string' || typeof cluster !== 'string') return undefined
  return Object.keys(rest).length === 0 ? { cidr, cluster } : undefined
}

function clusterOf(text: string): Parsed<ClusterName> {
  try {
    if (text !== '') return ok(parseClusterName(text))
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
  }
  return problem(`expected a cluster, got ${showText(text)}`)
}
