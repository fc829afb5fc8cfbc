import { expect, test } from 'vitest'
import { ADDRESS, CAN_HAVE_MACHINE, Machine } from './machine.ts'
import { hasProgram, recipe } from './recipe.ts'
import { eventually } from './server.ts'

/** Recipes that are for a whole machine: each gets one. */
const START_MAX_MS = 10_000
const RESOLVED = '/usr/lib/systemd/systemd-resolved'
const hasResolved = CAN_HAVE_MACHINE && hasProgram(RESOLVED)
const hasMusl = CAN_HAVE_MACHINE && ['/usr/bin/musl-gcc', '/usr/bin/gcc'].every(hasProgram)
/** Prints what getaddrinfo(3) finds for the last argument, as getent does. */
const FIND = `
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
int main(int argc, char **argv) {
  struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found;
  if (getaddrinfo(argv[argc - 1], 0, &hints, &found)) return 2;
  for (; found; found = found->ai_next)
    puts(inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
}
`
if (!CAN_HAVE_MACHINE) {
  console.warn('no root, unshare, overlay, ip, getent, curl or dig: no machine of its own')
} else {
  if (!hasResolved) console.warn('no systemd-resolved: its recipe is not tested')
  if (!hasMusl) console.warn('no musl-gcc or gcc: musl is not tested')
}

test.skipIf(!CAN_HAVE_MACHINE)('resolv.conf: getent and curl find services', async () => {
  await using machine = await Machine.start('--dns.port=53')
  machine.write('/etc/resolv.conf', recipe('resolv-conf', ADDRESS, 53))
  await machine.followsChanges()
  await isFoundByCurl(machine)
})

test.skipIf(!hasMusl)('resolv.conf: a program of musl finds services', async () => {
  await using machine = await Machine.start('--dns.port=53')
  machine.write('/etc/resolv.conf', recipe('resolv-conf', ADDRESS, 53))
  machine.write('/run/find.c', FIND)
  machine.succeeds('musl-gcc', '-static', '-o', '/run/find', '/run/find.c')
  await machine.followsChanges(['/run/find'])
})

test.skipIf(!hasResolved)('systemd-resolved: programs behind its stub find services', async () => {
  await using machine = await Machine.start('--dns.port=5300')
  machine.write('/etc/resolv.conf', 'nameserver 127.0.0.53\n')
  machine.writeRecipe(recipe('systemd-resolved', ADDRESS, 5300))
  await using resolved = machine.run(RESOLVED)
  const dig = (...words: readonly string[]): string =>
    machine.inside('dig', '@127.0.0.53', '+tries=1', '+time=1', ...words)
  await eventually(() => {
    const told = JSON.stringify({ said: resolved.said, log: machine.server.log })
    expect(dig('nope.nacos'), told).toContain('status: NXDOMAIN')
  }, START_MAX_MS)
  await machine.followsChanges()
  await isFoundByCurl(machine)

  expect(dig('orders.nacos', 'MX')).toMatch(/status: NOERROR[^]*ANSWER: 0/)
  expect(dig('orders.nacos', 'SRV', '+short')).toMatch(/^0 1 80 10-20-0-2\.nacos\.$/m)
})

test.skipIf(!hasResolved)(
  'systemd-resolved, DNSSEC=yes: needs to be told of the zone',
  async () => {
    await using machine = await Machine.start('--dns.port=5300')
    machine.write('/etc/resolv.conf', 'nameserver 127.0.0.53\n')
    machine.writeRecipe(`${recipe('systemd-resolved', ADDRESS, 5300)}DNSSEC=yes\n`)
    const statusIs = async (status: string): Promise<void> => {
      await using resolved = machine.run(RESOLVED)
      await eventually(() => {
        expect(machine.inside('dig', 'nope.nacos'), resolved.said).toContain(`status: ${status}`)
      }, START_MAX_MS)
      machine.succeeds('pkill', '-KILL', '-x', 'systemd-resolve')
    }
    await statusIs('SERVFAIL')
    const anchors = '/etc/dnssec-trust-anchors.d/nacos.negative'
    machine.write(anchors, recipe('systemd-resolved-negative', ADDRESS, 5300))
    await statusIs('NXDOMAIN')
  },
)

/** A program that knows nothing of any of this. */
async function isFoundByCurl(machine: Machine): Promise<void> {
  const { http } = machine.server
  machine.call('POST', `serviceName=itself&ip=${ADDRESS}&port=${http}`)
  await eventually(() => {
    const said = machine.inside('curl', '-s', '-m', '3', `http://itself.nacos:${http}/readyz`)
    expect(said).toBe('ok')
  })
}
