import type { CST, YAMLMap } from 'yaml'
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
} from 'yaml'
import type { Limits } from '../limits.ts'
import { refusal } from '../untyped.ts'
import { checkRowKey, type RowKey } from './keys.ts'

/** Untrusted values of one row, with the field that names them in refusals. */
export interface RawRow {
  readonly field: string
  readonly values: ReadonlyMap<RowKey, unknown>
}

/**
 * Levels of the YAML parser's stack. Its composer recurses, and a text of 16,000 brackets ended the
 * process (yaml 2.9.1, a regular expression compiled at the end of the call stack). GeoJSON in a
 * collection of collections needs 30.
 */
const MAX_DEPTH = 64
/** Lexical tokens, about 60 ms of work; an inline polygon takes 9 for each vertex. */
const MAX_TOKENS = 40_000

/** Reads the YAML list of rows in `edge-net.io/placement`. Throws Refusal. */
export function readPlacementRows(value: unknown, field: string, limits: Limits): RawRow[] {
  if (typeof value !== 'string') throw refusal('ANNOTATION_TYPE', field, 'must be text')
  const root = compose(value, field).contents
  if (!isSeq(root) || root.items.length === 0) {
    throw yamlRefusal(field, 'must be a list with at least one row, each of which begins with "- "')
  }
  if (root.items.length > limits.rows) {
    throw refusal(
      'TOO_MANY_ROWS',
      field,
      `has ${root.items.length} rows, at most ${limits.rows} are allowed`,
    )
  }
  return root.items.map((item, index) => readRow(item, `${field}[${index}]`))
}

function readRow(item: unknown, field: string): RawRow {
  if (!isMap(item)) throw yamlRefusal(field, 'a row must be keys and values, like "country: FR"')
  const values = new Map<RowKey, unknown>()
  for (const { key, value } of item.items) {
    const name = isScalar(key) ? String(key.value) : 'a key that is no text'
    const rowKey = checkRowKey(name, `${field}.${name.slice(0, 40)}`)
    if (values.has(rowKey)) throw yamlRefusal(`${field}.${rowKey}`, 'is given twice in this row')
    values.set(rowKey, plain(value, `${field}.${rowKey}`))
  }
  if (values.size === 0) throw refusal('ROW_EMPTY', field, 'is empty; give it a place, or nodes')
  return { field, values }
}

/** A node as plain data. Objects (GeoJSON) are made of own properties only. */
function plain(node: unknown, field: string): unknown {
  if (node === null || node === undefined) return null
  // Aliases can blow up a short text, and nothing here needs them.
  if (isAlias(node)) throw yamlRefusal(field, 'aliases (*name) are not accepted; repeat the value')
  if (isScalar(node)) return node.value
  if (isSeq(node)) return node.items.map((item) => plain(item, field))
  if (isMap(node)) return plainObject(node, field)
  throw yamlRefusal(field, 'must be text, a number, a list or a GeoJSON object')
}

function plainObject(node: YAMLMap, field: string): unknown {
  const entries = new Map<string, unknown>()
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : ''
    if (entries.has(name))
      throw yamlRefusal(field, `holds the key ${JSON.stringify(name.slice(0, 40))} twice`)
    entries.set(name, plain(value, field))
  }
  return Object.fromEntries(entries)
}

function compose(text: string, field: string): Document.Parsed {
  const lines = new LineCounter()
  const tokens = tokensOf(text, lines, field)
  // uniqueKeys compares each key with each other; duplicates are found above, in linear time.
  const composer = new Composer({ uniqueKeys: false, resolveKnownTags: false, prettyErrors: false })
  const [document, second] = composer.compose(tokens, true, text.length)
  if (!document || second) throw yamlRefusal(field, 'must be one YAML document')
  const mistake = document.warnings[0] ?? document.errors[0]
  if (mistake) throw yamlRefusal(field, explain(mistake, lines))
  return document
}

/** The concrete syntax tree; what is too deep or too much is refused before anything recurses into it. */
function tokensOf(text: string, lines: LineCounter, field: string): CST.Token[] {
  const tokens: CST.Token[] = []
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  let count = 0
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > MAX_DEPTH) throw yamlRefusal(field, 'is nested too deep')
    if (++count > MAX_TOKENS) {
      throw yamlRefusal(
        field,
        'is too long; put large outlines in GeoArea objects and use their names',
      )
    }
  }
  tokens.push(...parser.end())
  // A directive could ask for YAML 1.1, in which Norway's NO is the word false.
  if (tokens.some(({ type }) => type === 'directive'))
    throw yamlRefusal(field, 'takes no directives (%)')
  return tokens
}

function explain(
  { code, message, pos }: { code: string; message: string; pos: [number, number] },
  lines: LineCounter,
): string {
  const { line, col } = lines.linePos(pos[0])
  const hint =
    code === 'TAG_RESOLVE_FAILED'
      ? 'a value that begins with ! needs quotes, like country: "!RU"'
      : `is not valid YAML: ${message.split('\n')[0]?.slice(0, 120)}`
  return `${hint} (line ${line}, column ${col})`
}

const yamlRefusal = (field: string, sentence: string) => refusal('PLACEMENT_YAML', field, sentence)
