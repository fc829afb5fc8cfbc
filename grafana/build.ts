import { writeFileSync } from 'node:fs'
import { renderBoard, type Board } from './dashboard.ts'
import { DNS } from './dns.ts'
import { OVERVIEW } from './overview.ts'

/** All boards; each is the file `dashboards/<uid>.json`. */
export const BOARDS: readonly Board[] = [OVERVIEW, DNS]

export function fileOf(board: Board): URL {
  return new URL(`dashboards/${board.uid}.json`, import.meta.url)
}

export function textOf(board: Board): string {
  return `${JSON.stringify(renderBoard(board), undefined, 2)}\n`
}

if (import.meta.main) {
  for (const board of BOARDS) writeFileSync(fileOf(board), textOf(board))
}
