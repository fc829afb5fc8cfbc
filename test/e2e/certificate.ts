import { execFileSync, spawnSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { join } from 'node:path'

/** Of Debian's package openssl. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).error === undefined

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** A new key and a certificate for localhost that it signed itself, put in place at once. */
export function makeCertificate(folder: string, organization: string = 'first'): CertificateFiles {
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const subject = ['-subj', `/O=${organization}/CN=localhost`]
  const out = ['-keyout', `${key}.new`, '-out', `${cert}.new`]
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-nodes', '-days', '2', ...names, ...subject, ...out],
    { stdio: 'ignore' },
  )
  renameSync(`${key}.new`, key)
  renameSync(`${cert}.new`, cert)
  return { cert, key }
}

export function tlsFlags({ cert, key }: CertificateFiles): readonly string[] {
  return [`--dns.tls-cert=${cert}`, `--dns.tls-key=${key}`, '--dns.dot-port=0', '--dns.doh-port=0']
}
