import { readFileSync } from 'node:fs'
import { registerHooks, type ModuleHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { runSeed } from '../run.ts'
import type { Mutant } from './list.ts'

const ROOT = new URL('../../../', import.meta.url).href
const SIMULATOR = new URL('../run.ts', import.meta.url).href
/** In the query of a URL: the copy that a module belongs to. */
const COPY = 'copy'
let copies = 0

/**
 * A copy of the member and its simulator with one bug planted, in this process. Modules are told
 * apart by their URL, so a copy is loaded anew, from the files as they are but for the bug.
 */
export class Planting implements Disposable {
  readonly #copy = String(++copies)
  readonly #mutant: Mutant | undefined
  readonly #hooks: ModuleHooks

  constructor(mutant: Mutant | undefined) {
    this.#mutant = mutant
    this.#hooks = registerHooks({
      resolve: (specifier, context, next) => {
        const found = next(specifier, context)
        return this.#isMember(found.url, context.parentURL)
          ? { ...found, url: `${found.url}?${COPY}=${this.#copy}` }
          : found
      },
      load: (url, context, next) =>
        this.#isBugged(url)
          ? { format: 'module-typescript', source: this.#bugged(), shortCircuit: true }
          : next(url, context),
    })
  }

  /** How often the text stands in its file; the bug can be planted if it is once. */
  get times(): number {
    if (this.#mutant === undefined) return 1
    return textOf(this.#mutant.file).split(this.#mutant.find).length - 1
  }

  /** What plays one seed with the bug. Rejects when the copy does not load: that finds nothing. */
  async load(): Promise<typeof runSeed> {
    const url = `${SIMULATOR}?${COPY}=${this.#copy}`
    const copy = (await import(url)) as { readonly runSeed: typeof runSeed }
    return copy.runSeed
  }

  [Symbol.dispose](): void {
    this.#hooks.deregister()
  }

  #isMember(url: string, parent: string | undefined): boolean {
    if (parent === undefined || copyOf(parent) !== this.#copy) return false
    return url.startsWith(ROOT) && !url.includes('/node_modules/')
  }

  #isBugged(url: string): boolean {
    const file = this.#mutant?.file
    return file !== undefined && url === `${ROOT}${file}?${COPY}=${this.#copy}`
  }

  #bugged(): string {
    const { file, find, put } = this.#mutant ?? { file: '', find: '', put: '' }
    return textOf(file).replace(find, () => put)
  }
}

function copyOf(url: string): string | null {
  return new URL(url).searchParams.get(COPY)
}

function textOf(file: string): string {
  return readFileSync(fileURLToPath(new URL(file, ROOT)), 'utf8')
}
