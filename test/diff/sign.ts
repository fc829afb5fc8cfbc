import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestZone } from './make-zones.ts'

/** Writes the zone's file into the folder, signed if it is to be; the answer is its path. */
export function writeZone(zone: TestZone, folder: string): string {
  const plain = join(folder, `${zone.apex}plain`)
  const path = join(folder, `${zone.apex}zone`)
  const text = `$ORIGIN ${zone.apex}\n${zone.text}`
  if (zone.signing === 'none') {
    writeFileSync(path, text)
    return path
  }
  writeFileSync(plain, text)
  if (zone.signing === 'ldns') signWithLdns(zone.apex, plain, path, folder)
  else signWithBind(zone, plain, path, folder)
  return path
}

function signWithBind({ apex, signing }: TestZone, plain: string, path: string, cwd: string): void {
  const silent = { cwd, stdio: 'ignore' } as const
  execFileSync('dnssec-keygen', ['-a', 'ECDSAP256SHA256', apex], silent)
  execFileSync('dnssec-keygen', ['-a', 'ECDSAP256SHA256', '-f', 'KSK', apex], silent)
  const hashing = signing === 'nsec' ? [] : ['-3', 'AABBCCDD', '-H', '3']
  const optOut = signing === 'nsec3-opt-out' ? ['-A'] : []
  const args = ['-S', '-K', cwd, '-o', apex, '-f', path, ...hashing, ...optOut, plain]
  execFileSync('dnssec-signzone', args, silent)
}

function signWithLdns(apex: string, plain: string, path: string, cwd: string): void {
  const silent = { cwd, stdio: 'ignore' } as const
  const key = execFileSync('ldns-keygen', ['-k', '-a', 'ECDSAP256SHA256', apex], { cwd })
    .toString()
    .trim()
  // It writes a DS file, too, which is not asked for.
  if (!readdirSync(cwd).includes(`${key}.key`)) throw new Error(`no key ${key}`)
  execFileSync('ldns-signzone', ['-n', '-o', apex, '-f', path, plain, key], silent)
}
