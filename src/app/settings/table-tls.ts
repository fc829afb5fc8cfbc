import { integer, ok, problem, showRaw, showText, type Kind } from './kinds.ts'
import type { DnsTlsSettings } from './settings.ts'
import type { Take } from './table.ts'
import { OPTIONAL_PATH } from './table-transfer.ts'

const PORT = integer(0, 65_535)

const PORT_OR_OFF: Kind<number | 'off'> = {
  expects: 'off or a port 0…65535',
  arity: 'one',
  show: (value) => (value === 'off' ? showText(value) : PORT.show(value)),
  parse(raw) {
    const value = raw.form === 'text' ? raw.text.trim() : raw.value
    if (value === 'off') return ok(value)
    const port = PORT.parse(raw)
    return port.ok ? port : problem(`expected off or a port 0…65535, got ${showRaw(raw)}`)
  },
}

/** DNS over TLS and over HTTPS. */
export function describeDnsTls(take: Take): DnsTlsSettings {
  return {
    tlsCert: take('dns.tls_cert', OPTIONAL_PATH, '', {
      doc: 'File of the certificate chain (PEM) for DoT and DoH; a new one is taken up by itself.',
    }),
    tlsKey: take('dns.tls_key', OPTIONAL_PATH, '', {
      doc: 'File of its private key (PEM).',
    }),
    dotPort: take('dns.dot_port', PORT_OR_OFF, 'off', {
      doc: 'DNS over TLS (RFC 7858), usually 853. 0: any free port.',
    }),
    dohPort: take('dns.doh_port', PORT_OR_OFF, 'off', {
      doc: 'DNS over HTTPS (RFC 8484) at /dns-query, usually 443. 0: any free port.',
    }),
  }
}
