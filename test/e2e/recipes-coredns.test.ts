import { expect, test } from 'vitest'
import { ADDRESS, CAN_HAVE_MACHINE, Machine } from './machine.ts'
import { COREDNS, HAS_COREDNS, recipe } from './recipe.ts'
import { eventually } from './server.ts'

/** The `Corefile` that kubeadm makes (1.31), but for what asks for more than a file can give. */
const COREFILE = `.:53 {
    errors
    health {
       lameduck 1s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       endpoint http://127.0.0.1:1
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . 127.0.0.1:1 {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    reload 2s 1s
    loadbalance
}
`
const FILE = '/run/coredns/Corefile'
/** CoreDNS waits 5 s for a Kubernetes that is not there, at its start and at each reload. */
const START_MAX_MS = 30_000
const TEST_MAX_MS = 90_000

const isThere = CAN_HAVE_MACHINE && HAS_COREDNS
if (!isThere) console.warn('no CoreDNS: its recipe for Kubernetes is not tested')

test.skipIf(!isThere)(
  'CoreDNS of a cluster: the block at the end of its Corefile is enough',
  { timeout: TEST_MAX_MS },
  async () => {
    await using machine = await Machine.start('--dns.port=5300')
    machine.write('/etc/resolv.conf', 'nameserver 127.0.0.1\n')
    machine.write(FILE, COREFILE)
    await using coredns = machine.run(COREDNS, '-conf', FILE)
    const dig = (...words: readonly string[]): string =>
      machine.inside('dig', '@127.0.0.1', '+tries=1', '+time=1', ...words)
    await eventually(() => {
      expect(dig('nope.nacos'), coredns.said).toContain('status: SERVFAIL')
    }, START_MAX_MS)

    machine.write(FILE, COREFILE + recipe('coredns', ADDRESS, 5300))
    await eventually(() => {
      expect(dig('nope.nacos'), coredns.said).toContain('status: NXDOMAIN')
    }, START_MAX_MS)
    await machine.followsChanges()
    // What it was for before is still there, as far as it can be without its other servers.
    expect(dig('www.lab.example')).toContain('status: SERVFAIL')
  },
)
