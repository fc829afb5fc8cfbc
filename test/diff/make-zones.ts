import { Chance } from './chance.ts'

/** A zone to compare servers with: its text, and how it is signed, if at all. */
export interface TestZone {
  readonly apex: string
  readonly text: string
  readonly signing: 'none' | 'nsec' | 'nsec3' | 'nsec3-opt-out' | 'ldns'
}

const HEAD = `$TTL 300
@ SOA ns1 hostmaster 2024010100 3600 900 604800 30
@ NS ns1
@ NS ns.elsewhere.example.
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
`

/** Zones with every type and every shape; `names` is how many hosts the first one has. */
export function makeZones(names: number): readonly TestZone[] {
  const small = Math.ceil(names / 8)
  return [
    { apex: 'all.test.', text: HEAD + shapes() + types() + hosts(names, 1), signing: 'none' },
    { apex: 'child.all.test.', text: `${HEAD}www A 192.0.2.77\n`, signing: 'none' },
    { apex: 'nsec.test.', text: HEAD + shapes() + hosts(small, 2), signing: 'nsec' },
    { apex: 'nsec3.test.', text: HEAD + shapes() + hosts(small, 3), signing: 'nsec3' },
    { apex: 'out.test.', text: HEAD + shapes() + hosts(small, 4), signing: 'nsec3-opt-out' },
    { apex: 'ldns.test.', text: HEAD + shapes() + hosts(small, 5), signing: 'ldns' },
  ]
}

/** What the algorithm of RFC 1034 §4.3.2 and its heirs tell apart. */
function shapes(): string {
  const long = `${'l'.repeat(60)}.`.repeat(3) + 'm'.repeat(40)
  const ds = `12345 13 2 ${'AB'.repeat(32)}`
  return `
; a wildcard beside names that hide from it, a wildcard below a wildcard, one that is an alias
*.wild A 192.0.2.99
*.wild TXT "wild"
*.wild MX 10 mail.wild
host.wild A 192.0.2.98
a.b.wild TXT "hides b.wild"
*.*.star A 192.0.2.97
sub.*.wild TXT "below the asterisk itself"
*.alias CNAME host1
*.dang CNAME nowhere.dang2
*.self CNAME x.self
*.deep.wild2 CNAME y.wild
*.dnw DNAME host1
; empty non-terminals
a.b.c.ent A 192.0.2.70
x.ent2 TXT "x"
; aliases: chains, loops, one that leaves, one that dangles, into a delegation, a DNAME, a wildcard
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME host1
loop1 CNAME loop2
loop2 CNAME loop3
loop3 CNAME loop1
me CNAME me
outside CNAME www.example.net.
dangling CNAME nowhere
tocut CNAME www.cut
todname CNAME host1.dn
towild CNAME q.wild
toent CNAME b.c.ent
; other zones' subtrees
dn DNAME hosts
dn2 DNAME dn3
dn3 DNAME hosts
dnout DNAME example.net.
dnloop DNAME x.dnloop
dnlong DNAME ${long}
dnwild DNAME wild
dnself TXT "data beside a DNAME"
dnself DNAME hosts
a.hosts A 192.0.2.51
b.hosts AAAA 2001:db8::51
b.hosts CAA 0 issue "x"
w.hosts CNAME a.hosts
*.w2.hosts TXT "wild below"
; delegations: with glue, without, signed, insecure below, with names that hide
cut NS ns.cut
cut NS ns.elsewhere.example.
ns.cut A 192.0.2.53
ns.cut AAAA 2001:db8::53
below.cut TXT "hidden"
*.cut A 192.0.2.54
deeper.cut NS ns.deeper.cut
ns.deeper.cut A 192.0.2.55
bare NS ns.elsewhere.example.
sibling NS ns.cut
secure NS ns.secure
secure DS ${ds}
ns.secure A 192.0.2.56
x.insecure NS ns.elsewhere.example.
child NS ns1.child
child DS ${ds}
ns1.child A 192.0.2.1
; names that are hard to write
odd\\.dot TXT "a dot inside"
nul\\000byte A 192.0.2.60
sp\\032ace A 192.0.2.61
UPPER A 192.0.2.62
\\255\\254 A 192.0.2.63
`
}

/** One of every other type, and some that nobody knows. */
function types(): string {
  return `
t MX 10 host1
t MX 20 host2
t TXT "one" "two"
t HINFO "PC" "Linux"
t RP hostmaster t
t LOC 52 31 12.5 N 13 24 18 E 34m
t NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp
t SSHFP 4 2 ${'0A'.repeat(32)}
t TLSA 3 1 1 ${'0B'.repeat(32)}
t URI 10 1 "http://www.example.test/"
t CAA 0 issue "ca.example.net"
t TYPE65280 \\# 4 0A000001
t CDS 12345 13 2 ${'AC'.repeat(32)}
t CDNSKEY 257 3 13 ${btoa('k'.repeat(64))}
_sip._udp SRV 0 5 5060 host1
_sip._udp SRV 0 1 5061 host2
_none._tcp SRV 0 0 0 .
svc HTTPS 1 . alpn=h2 port=8443
svc A 192.0.2.80
svc SVCB 1 host1 alpn=dot
svcalias HTTPS 0 svc
svcalias2 HTTPS 0 svcalias
ptr PTR host1
`
}

/** Hosts with some of the common types, some deep, some with a mixed case. */
function hosts(count: number, seed: number): string {
  const chance = new Chance(seed)
  const lines: string[] = []
  for (let i = 1; i <= count; i++) {
    const name =
      chance.below(5) === 0 ? `h${i}.d${chance.below(9)}.e${chance.below(3)}` : `host${i}`
    lines.push(`${name} ${60 * (1 + chance.below(5))} A 10.0.${i >> 8}.${i & 255}`)
    if (chance.below(3) === 0) lines.push(`${name} AAAA 2001:db8::${i.toString(16)}`)
    if (chance.below(6) === 0)
      lines.push(`${name} TXT "host ${i}" "${'x'.repeat(chance.below(90))}"`)
    if (chance.below(9) === 0) lines.push(`${name} MX 10 host${1 + chance.below(count)}`)
    if (chance.below(40) === 0) lines.push(`Alias${i} CNAME ${name.toUpperCase()}`)
    if (chance.below(60) === 0) lines.push(`z${i} NS ns.z${i}\nns.z${i} A 192.0.2.2`)
  }
  return `${lines.join('\n')}\n`
}
