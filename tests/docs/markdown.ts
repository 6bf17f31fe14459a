/** What tests read out of the documentation. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

/** The text of a file, by its path from the root. */
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Paths of all pages, sorted. */
export const pages = (): string[] =>
  globSync(['*.md', 'docs/**/*.md', 'tests/testbed/README.md'], { cwd: ROOT }).sort()

/** A fenced block. */
export interface Block {
  /** What stands behind the fence: `sh`, `yaml`, `text`. */
  readonly info: string
  readonly text: string
  /** Line of the fence, from 1. */
  readonly line: number
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { info: string; line: number; lines: string[] } | undefined
  for (const [i, line] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (!fence) open?.lines.push(line)
    else if (!open) open = { info: fence[1] ?? '', line: i + 1, lines: [] }
    else {
      blocks.push({ info: open.info, line: open.line, text: open.lines.join('\n') })
      open = undefined
    }
  }
  if (open) throw new Error(`the block of line ${open.line} is not closed`)
  return blocks
}

/** The rows of all tables, heads and rulers left out, each with its heading and its trimmed cells. */
export function rowsOf(markdown: string): { readonly heading: string; readonly cells: string[] }[] {
  const rows: { heading: string; cells: string[] }[] = []
  const lines = markdown.split('\n')
  let heading = ''
  for (const [i, line] of lines.entries()) {
    if (line.startsWith('#')) heading = line.replace(/^#+ /, '')
    const isHead = /^\|[-|: ]+\|$/.test(lines[i + 1] ?? '')
    if (!line.startsWith('|') || isHead || /^\|[-|: ]+\|$/.test(line)) continue
    rows.push({
      heading,
      cells: line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    })
  }
  return rows
}

/** What is between backticks in a cell. */
export const codesIn = (cell = ''): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** Names in the first cells of tables, under headings that `accept` names; default: all. */
export const namesIn = (
  markdown: string,
  accept: (heading: string) => boolean = () => true,
): string[] =>
  rowsOf(markdown)
    .filter(({ heading }) => accept(heading))
    .flatMap(({ cells }) => codesIn(cells[0]))
    .sort()
