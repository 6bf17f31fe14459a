/** RFC 4180: quoted cells may hold commas, quotes (doubled) and line breaks. */
function records(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  // A cell, then what ends it. A quoted cell keeps its spaces.
  const cell = /(?:"((?:[^"]|"")*)"[ \t]*|([^,"\r\n]*))(,|\r?\n|$)/gy
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex
    const match = cell.exec(text)
    if (match === null) {
      const line = text.slice(0, at).split('\n').length
      throw new Error(`line ${line}: a quote inside a cell must be doubled and the cell quoted`)
    }
    row.push(match[1] === undefined ? (match[2] ?? '').trim() : match[1].replaceAll('""', '"'))
    if (match[3] === ',' && cell.lastIndex < text.length) continue
    if (match[3] === ',') row.push('')
    rows.push(row)
    row = []
  }
  return rows.filter((cells) => cells.some((value) => value !== ''))
}

/**
 * The rows of a CSV text as maps from column name to cell; empty cells are left out. Lines that begin
 * with `#` are comments. Throws an Error that names the line.
 */
export function parseCsv(text: string): Map<string, string>[] {
  const plain = text.replace(/^\uFEFF/, '').replaceAll(/^#.*(?:\r?\n|$)/gm, '')
  const [header = [], ...rows] = records(plain)
  return rows.map((cells, index) => {
    if (cells.length > header.length) {
      throw new Error(
        `row ${index + 1} (${cells[0]}): ${cells.length} cells for ${header.length} columns`,
      )
    }
    const named = cells.map((value, column) => [header[column] ?? '', value] as const)
    return new Map(named.filter(([, value]) => value !== ''))
  })
}
