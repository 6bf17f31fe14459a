import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { registry } from '../../../platform/metrics.ts'
import { startHookServer } from '../../../platform/server/server.ts'
import { type CertificateFiles, readPair, watchCertificate } from '../../../platform/server/tls.ts'
import {
  type Client,
  client,
  hook,
  type Made,
  makeCertificate,
  memoryLog,
  responseOf,
  review,
  until,
} from './support.ts'

const store = t.testdir()
const first = makeCertificate(store, { name: 'first', serial: 0x11 })
const second = makeCertificate(store, { name: 'second', serial: 0x22 })
const third = makeCertificate(store, { name: 'third', serial: 0x33 })
const expired = makeCertificate(store, { name: 'expired', serial: 0x44, days: -1 })

/** A volume as the kubelet writes it: files are links through `..data`, which is swapped at once. */
class Volume implements CertificateFiles {
  readonly directory: string
  readonly certFile: string
  readonly keyFile: string
  #version = 0

  constructor(directory: string, made: Made) {
    this.directory = directory
    this.certFile = join(directory, 'tls.crt')
    this.keyFile = join(directory, 'tls.key')
    mkdirSync(directory, { recursive: true })
    this.swap(made.certFile, made.keyFile)
    symlinkSync('..data/tls.crt', this.certFile)
    symlinkSync('..data/tls.key', this.keyFile)
  }

  swap(certFile: string, keyFile: string): void {
    const version = `..v${++this.#version}`
    mkdirSync(join(this.directory, version))
    copyFileSync(certFile, join(this.directory, version, 'tls.crt'))
    copyFileSync(keyFile, join(this.directory, version, 'tls.key'))
    symlinkSync(version, join(this.directory, '..tmp'))
    renameSync(join(this.directory, '..tmp'), join(this.directory, '..data'))
  }
}

async function notAfter(file: string): Promise<number> {
  const line = (await registry.metrics())
    .split('\n')
    .find((line) => line.startsWith(`edgenet_cert_not_after_seconds{file="${file}"}`))
  return Number(line?.split(' ').at(-1))
}

async function freshSerial(port: number): Promise<string> {
  const calls = client(port, [first, second, third])
  try {
    return (await calls.post('/hooks/guard', review())).serial
  } finally {
    calls.close()
  }
}

/** Keep-alive clients that never pause, until stopped; then what they saw. */
function load(t: Test, port: number, workers: number) {
  let running = true
  const failures: unknown[] = []
  const serials = new Set<string>()
  let count = 0
  async function work(calls: Client) {
    while (running) {
      try {
        const answer = await calls.post('/hooks/guard', review())
        if (!responseOf(answer).allowed) failures.push(answer.text)
        serials.add(answer.serial)
        count++
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const clients = Array.from({ length: workers }, () => client(port, [first, second, third]))
  const done = Promise.all(clients.map(work))
  t.teardown(() => clients.forEach(({ close }) => void close()))
  return {
    failures,
    serials,
    async stop() {
      running = false
      await done
      return count
    },
  }
}

t.test('rotation and a corrupt pair under load: no request lost, the old pair kept', async (t) => {
  const volume = new Volume(join(store, 'volume'), first)
  const { log, lines } = memoryLog()
  const server = await startHookServer({
    ...{ certFile: volume.certFile, keyFile: volume.keyFile },
    host: '127.0.0.1',
    hooks: [hook('guard')],
    log,
    // So that the load itself renews its connections, over the old and the new certificate.
    settings: { maxRequestsPerSocket: 20, quietPeriod: 50 },
    // The notification alone must do.
    pollMs: 3_600_000,
  })
  t.teardown(() => server.close())
  const { failures, serials, stop } = load(t, server.port, 4)
  t.equal(await freshSerial(server.port), '11')

  volume.swap(second.certFile, second.keyFile)
  await until(async () => (await freshSerial(server.port)) === '22' || undefined)
  t.equal(await notAfter(volume.certFile), (await readPair(second)).notAfter / 1000)

  const corrupt = join(store, 'corrupt.crt')
  const der = readFileSync(third.certFile, 'utf8').replace(/^M.{20}/m, 'AAAAAAAAAAAAAAAAAAAAA')
  writeFileSync(corrupt, der)
  const bad: [what: string, certFile: string, keyFile: string][] = [
    ['text for a certificate', first.keyFile, second.keyFile],
    ['a broken certificate', corrupt, third.keyFile],
    ['the key of another', third.certFile, second.keyFile],
    ['an empty key', third.certFile, '/dev/null'],
    ['an expired one', expired.certFile, expired.keyFile],
  ]
  for (const [index, [what, certFile, keyFile]] of bad.entries()) {
    volume.swap(certFile, keyFile)
    const refused = () =>
      lines.filter(({ message }) => message.startsWith('new certificate refused'))
    await until(() => refused()[index])
    t.equal(await freshSerial(server.port), '22', what)
  }
  t.equal(await notAfter(volume.certFile), (await readPair(second)).notAfter / 1000)

  volume.swap(third.certFile, third.keyFile)
  await until(async () => (await freshSerial(server.port)) === '33' || undefined)
  await until(() => serials.has('33') || undefined)
  const count = await stop()
  t.strictSame(failures, [])
  t.strictSame([...serials].sort(), ['11', '22', '33'], 'the load met every good certificate')
  t.ok(count > 100, `${count} requests`)
  t.strictSame(
    server.checks.map((check) => check.why()),
    [undefined],
  )
  const reloads = `edgenet_cert_reloads_total{file="${volume.certFile}"`
  t.match(await registry.metrics(), `${reloads},result="ok"} 2`)
  t.match(await registry.metrics(), `${reloads},result="error"} 5`)
})

t.test('what the notification misses, the poll finds', async (t) => {
  const directory = join(store, 'replaced')
  const volume = new Volume(directory, first)
  const { log, lines } = memoryLog()
  const watch = await watchCertificate(volume, log, 50)
  t.teardown(() => watch.close())
  const seen: Buffer[] = []
  watch.onChange(({ cert }) => seen.push(cert))
  // The watch follows the old directory, wherever it goes.
  renameSync(directory, `${directory}-old`)
  await until(() => lines.find(({ level }) => level === 'error'))
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(lines.filter(({ level }) => level === 'error').length, 1, 'complained once, not per poll')
  new Volume(directory, second)
  await until(() => seen[0])
  t.strictSame(seen, [readFileSync(second.certFile)])
  t.strictSame(watch.pair.cert, seen[0])
})

t.test('a pair that cannot be applied leaves the old one current', async (t) => {
  const volume = new Volume(join(store, 'unusable'), first)
  const { log, lines } = memoryLog()
  const watch = await watchCertificate(volume, log, 50)
  t.teardown(() => watch.close())
  watch.onChange(() => {
    throw new Error('no')
  })
  volume.swap(second.certFile, second.keyFile)
  await until(() => lines.find(({ level }) => level === 'error'))
  t.strictSame(watch.pair.cert, readFileSync(first.certFile))
})

t.test('an expired certificate serves, but is not ready until renewed', async (t) => {
  const volume = new Volume(join(store, 'expired'), expired)
  const { log } = memoryLog()
  const watch = await watchCertificate(volume, log)
  t.teardown(() => watch.close())
  t.match(watch.check.why(), /^expired at \d{4}-/)
  volume.swap(first.certFile, first.keyFile)
  await until(() => watch.check.why() === undefined || undefined)
  t.pass('ready again')
})

t.test('reading a pair', async (t) => {
  const chain = join(store, 'chain.crt')
  const both = [first, expired].map(({ certFile }) => readFileSync(certFile, 'utf8')).join('\n')
  writeFileSync(chain, `leaf comes first\n${both}`)
  const pair = await readPair({ certFile: chain, keyFile: first.keyFile })
  t.equal(
    pair.notAfter,
    (await readPair(expired)).notAfter,
    'the chain lasts as long as its shortest',
  )
  t.notOk('ca' in pair)
  const ca = await readPair({ ...first, caFile: second.certFile })
  t.strictSame(ca.ca, readFileSync(second.certFile))
  const weak = makeCertificate(store, { name: 'weak', weak: true })
  const wrong: [Partial<CertificateFiles>, RegExp][] = [
    [weak, /too small/],
    [{ keyFile: second.keyFile }, /not that of the certificate/],
    [{ caFile: second.keyFile }, /no certificate in/],
    [{ certFile: second.keyFile }, /no certificate in/],
    [{ keyFile: second.certFile }, /./],
    [{ certFile: join(store, 'nowhere') }, /ENOENT/],
  ]
  for (const [files, message] of wrong)
    await t.rejects(readPair({ ...first, ...files }), { message })
  const { log } = memoryLog()
  await t.rejects(watchCertificate({ ...first, keyFile: second.keyFile }, log), /not that/)
})

t.test('a renewed client CA counts for new connections', async (t) => {
  const clientCa = (name: string) => makeCertificate(store, { name, authority: true })
  const [oldCa, newCa] = [clientCa('old-ca'), clientCa('new-ca')]
  const caFile = join(store, 'ca.crt')
  copyFileSync(oldCa.certFile, caFile)
  const { log } = memoryLog()
  const hooks = [hook('guard')]
  const server = await startHookServer({ ...first, caFile, hooks, host: '127.0.0.1', log })
  t.teardown(() => server.close())
  const called = async (signedBy: Made) => {
    const caller = makeCertificate(store, { name: 'caller', signedBy })
    const identity = { cert: readFileSync(caller.certFile), key: readFileSync(caller.keyFile) }
    const calls = client(server.port, [first], identity)
    const outcome = await calls.post('/hooks/guard', review()).then(
      ({ status }) => status,
      () => 'refused',
    )
    calls.close()
    return outcome
  }
  t.equal(await called(oldCa), 200)
  t.equal(await called(newCa), 'refused')
  rmSync(caFile)
  copyFileSync(newCa.certFile, caFile)
  await until(async () => (await called(newCa)) === 200 || undefined)
  t.equal(await called(oldCa), 'refused')
})
