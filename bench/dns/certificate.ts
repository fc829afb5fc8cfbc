import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { run } from '../process.ts'

/** One for all subjects of a run, gone with it: P-256, as public authorities issue them. */
export class Certificate implements Disposable {
  readonly certificate: string
  readonly key: string
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
    this.certificate = join(directory, 'certificate.pem')
    this.key = join(directory, 'key.pem')
  }

  static async make(): Promise<Certificate> {
    const made = new Certificate(mkdtempSync(join(tmpdir(), 'cairn-bench-')))
    const command = ['openssl', 'req', '-x509', '-newkey', 'ec', '-nodes', '-days', '2']
    command.push('-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', '/CN=localhost')
    command.push('-addext', 'subjectAltName=IP:127.0.0.1')
    await run([...command, '-keyout', made.key, '-out', made.certificate])
    return made
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
