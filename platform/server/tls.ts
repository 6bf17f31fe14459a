import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import { certNotAfter, certReloads } from './metrics.ts'
import type { HealthCheck, Log } from './types.ts'

export interface CertificateFiles {
  /** PEM: the serving certificate, then its chain. */
  readonly certFile: string
  readonly keyFile: string
  /** PEM: who signs the clients' certificates; with it, clients without one are turned away. */
  readonly caFile?: string
}

export interface CertificatePair {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca?: Buffer
  /** Unix ms; the earliest end of the certificate and its chain. */
  readonly notAfter: number
}

export interface CertificateWatch {
  readonly pair: CertificatePair
  readonly check: HealthCheck
  /** Who gets every new pair that was found good. If it throws, the old pair stays current. */
  onChange(use: (pair: CertificatePair) => void): void
  close(): void
}

/** Watches get lost (inotify limits, a replaced directory), so the files are also read this often. */
const defaultPollMs = 10_000
/** cert and key are seldom written in one instant. */
const settleMs = 50

/** Reads and checks a pair. Throws when it does not parse or the key is not the certificate's. */
export async function readPair(files: CertificateFiles): Promise<CertificatePair> {
  // One after the other, so that the same broken files always give the same error.
  const cert = await readFile(files.certFile)
  const key = await readFile(files.keyFile)
  const ca = files.caFile === undefined ? undefined : await readFile(files.caFile)
  const chain = certificatesOf(cert)
  const [leaf] = chain
  if (leaf === undefined) throw new Error(`no certificate in ${files.certFile}`)
  if (!leaf.checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`the key in ${files.keyFile} is not that of the certificate`)
  }
  if (ca !== undefined && certificatesOf(ca).length === 0) {
    throw new Error(`no certificate in ${files.caFile}`)
  }
  createSecureContext({ cert, key, ...(ca && { ca }) })
  const notAfter = Math.min(...chain.map(({ validToDate }) => validToDate.getTime()))
  return { cert, key, ...(ca && { ca }), notAfter }
}

/**
 * Reads the pair and follows its files. Rejects if the first pair is unusable; later a broken pair
 * (also one that has expired while ours has not) is logged and counted, and the old one kept.
 */
export async function watchCertificate(
  files: CertificateFiles,
  log: Log,
  pollMs = defaultPollMs,
): Promise<CertificateWatch> {
  const file = files.certFile
  const uses: ((pair: CertificatePair) => void)[] = []
  let pair = await readPair(files)
  let complaint = ''
  let timer: NodeJS.Timeout | undefined
  let closed = false
  certNotAfter.set({ file }, pair.notAfter / 1000)

  async function reload(): Promise<void> {
    try {
      const next = await readPair(files)
      complaint = ''
      if (closed || samePair(next, pair)) return
      if (expired(next) && !expired(pair)) throw new Error('the new certificate has expired')
      for (const use of uses) use(next)
      pair = next
      certNotAfter.set({ file }, pair.notAfter / 1000)
      certReloads.inc({ file, result: 'ok' })
      log.info('certificate reloaded', { file, notAfter: new Date(pair.notAfter).toISOString() })
    } catch (error) {
      // The poll meets the same broken files again and again: once is enough in the log.
      if (String(error) === complaint) return
      complaint = String(error)
      certReloads.inc({ file, result: 'error' })
      log.error('new certificate refused, the old one stays', { file, error: complaint })
    }
  }

  const oneAtATime = serialised(reload)
  function soon(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      oneAtATime()
    }, settleMs)
  }
  const watchers = directoriesOf(files).flatMap((directory) => watchDirectory(directory, soon, log))
  const poll = setInterval(oneAtATime, pollMs).unref()

  return {
    get pair() {
      return pair
    },
    check: {
      name: 'certificate',
      why: () =>
        expired(pair) ? `expired at ${new Date(pair.notAfter).toISOString()}` : undefined,
    },
    onChange: (use) => void uses.push(use),
    close() {
      closed = true
      clearInterval(poll)
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

function certificatesOf(pem: Buffer): X509Certificate[] {
  const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g
  return (pem.toString('latin1').match(block) ?? []).map((text) => new X509Certificate(text))
}

function expired({ notAfter }: CertificatePair): boolean {
  return notAfter <= Date.now()
}

function samePair(a: CertificatePair, b: CertificatePair): boolean {
  const sameCa = a.ca === undefined ? b.ca === undefined : b.ca !== undefined && a.ca.equals(b.ca)
  return sameCa && a.cert.equals(b.cert) && a.key.equals(b.key)
}

function directoriesOf(files: CertificateFiles): string[] {
  const paths = [files.certFile, files.keyFile, ...(files.caFile ? [files.caFile] : [])]
  return [...new Set(paths.map((path) => dirname(path)))]
}

/** Directories, not files: the kubelet swaps a symlink (`..data`), which a watch on a file misses. */
function watchDirectory(directory: string, onEvent: () => void, log: Log): FSWatcher[] {
  const complain = (error: unknown) =>
    log.warn('cannot watch the certificate directory, polling only', { directory, error })
  try {
    return [watch(directory, { persistent: false }, onEvent).on('error', complain)]
  } catch (error) {
    complain(error)
    return []
  }
}

/** Runs `work` at most once at a time; calls in the meantime lead to one more run. */
function serialised(work: () => Promise<void>): () => void {
  let running = false
  let again = false
  async function run(): Promise<void> {
    running = true
    do {
      again = false
      await work()
    } while (again)
    running = false
  }
  return () => {
    again = true
    if (!running) void run()
  }
}
