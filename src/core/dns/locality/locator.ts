import type { Client } from '../answer/client.ts'
import { encodeLabel } from '../labels.ts'
import { SUBNET, type ClientSubnet } from './client-subnet.ts'
import { Ranges, type Net } from './ranges.ts'

/** A network of clients, and the cluster that is theirs. */
export interface Locality {
  /** 4 or 16. */
  readonly octets: Uint8Array
  readonly bits: number
  readonly cluster: string
}

const UTF8 = new TextEncoder()

/** Whose cluster the client is in: by its own address, or by its forwarder's word. */
export class Locator {
  /** Labels of the clusters, by number, as the encoder spells them. */
  readonly labels: readonly Uint8Array[]
  /** False: there are no localities, so nothing depends on them. */
  readonly isActive: boolean
  readonly #client: Client
  readonly #subnet: ClientSubnet
  readonly #v4: Ranges
  readonly #v6: Ranges
  readonly #words = new Uint32Array(4)

  constructor(localities: readonly Locality[], client: Client, subnet: ClientSubnet) {
    // Clusters that fold to one label are one, as in the names of services.
    const names = [...new Set(localities.map(({ cluster }) => encodeLabel(cluster, 'cluster')))]
    const netsOf = (length: number): readonly Net[] =>
      localities
        .filter(({ octets }) => octets.length === length)
        .map(({ octets, bits, cluster }) => {
          return { octets, bits, value: names.indexOf(encodeLabel(cluster, 'cluster')) }
        })
    this.labels = names.map((name) => UTF8.encode(name))
    this.isActive = localities.length > 0
    this.#client = client
    this.#subnet = subnet
    this.#v4 = new Ranges(1, netsOf(4))
    this.#v6 = new Ranges(4, netsOf(16))
  }

  /** Number of the client's cluster, or −1. An answer that uses it depends on the subnet. */
  locate(): number {
    const subnet = this.#subnet
    if (subnet.state === SUBNET.USED) {
      const ranges = subnet.isV6 ? this.#v6 : this.#v4
      const cluster = ranges.find(subnet.words)
      subnet.scope = ranges.scope
      return cluster
    }
    const { v4, isV6, v6 } = this.#client
    if (v4 >= 0) {
      this.#words[0] = v4
      return this.#v4.find(this.#words)
    }
    if (!isV6) return -1
    for (let i = 0; i < 4; i++) {
      const at = i * 4
      this.#words[i] =
        ((v6[at] ?? 0) << 24) |
        ((v6[at + 1] ?? 0) << 16) |
        ((v6[at + 2] ?? 0) << 8) |
        (v6[at + 3] ?? 0)
    }
    return this.#v6.find(this.#words)
  }
}
