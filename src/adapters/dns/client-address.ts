import { formatIPv6, parseIPv6 } from '../../kernel/ip.ts'
import type { Client } from '../../core/dns/answer/client.ts'

/** Fills in who asks, from the text that sockets give. IPv4 is read without allocating. */
export function setClient(client: Client, address: string): void {
  const v4 = readIPv4(address, address.startsWith('::ffff:') ? 7 : 0)
  if (v4 >= 0) {
    client.setV4(v4)
    return
  }
  const scope = address.indexOf('%')
  const octets = parseIPv6(scope < 0 ? address : address.slice(0, scope))
  if (octets !== undefined) client.setV6(octets)
  // A socket that is closed already has no address; that of the client before is not its.
  else client.forget()
}

/** The client's address as text; empty when it is not known. */
export function formatClient({ v4, v6, isV6 }: Client): string {
  if (isV6) return formatIPv6(v6)
  if (v4 < 0) return ''
  return `${v4 >>> 24}.${(v4 >>> 16) & 255}.${(v4 >>> 8) & 255}.${v4 & 255}`
}

/** The address as a number, or −1. The text comes from the kernel: shape is checked, not style. */
function readIPv4(text: string, from: number): number {
  let value = 0
  let octet = 0
  let dots = 0
  for (let i = from; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === 0x2e) {
      value = value * 256 + octet
      octet = 0
      dots++
    } else if (char >= 0x30 && char <= 0x39) {
      octet = octet * 10 + char - 0x30
    } else {
      return -1
    }
  }
  return dots === 3 ? value * 256 + octet : -1
}
