import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { needsBed, select } from '../runner/select.ts'
import { countTap } from '../runner/tap.ts'
import { AuditLog } from './audit.ts'
import { cacheFolder, findBinaries } from './binaries.ts'
import { parseCsv } from './csv.ts'
import { nodeObject } from './fakenode.ts'
import { withLock } from './lock.ts'
import { readNodes, worldNodes } from './noderow.ts'
import { kubernetesVersion, PROGRAMS, pinsHash, recipe } from './pins.ts'
import { Pki } from './pki.ts'
import { until } from './until.ts'

t.test('CSV', async (t) => {
  const rows = (text: string) => parseCsv(text).map((row) => Object.fromEntries(row))
  const cases: [string, string, object[]][] = [
    [
      'plain',
      'a,b\n1,2\n3,4\n',
      [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
    ],
    ['CRLF, BOM, no final newline', '\uFEFFa,b\r\n1,2', [{ a: '1', b: '2' }]],
    [
      'missing cells are left out',
      'a,b,c\n1,,3\n4\n,5,\n',
      [{ a: '1', c: '3' }, { a: '4' }, { b: '5' }],
    ],
    ['quotes', 'a,b\n"x, ""y""\nz",2\n', [{ a: 'x, "y"\nz', b: '2' }]],
    ['spaces around', 'a, b\n 1 ,  2 \n', [{ a: '1', b: '2' }]],
    ['empty and comment lines', '# c\na\n\n1\n# d\n', [{ a: '1' }]],
    ['only a header', 'a,b\n', []],
    ['nothing', '', []],
  ]
  for (const [name, text, wanted] of cases) t.strictSame(rows(text), wanted, name)
  t.throws(() => parseCsv('a\n1,2\n'), /row 1 \(1\): 2 cells for 1 columns/)
  t.throws(() => parseCsv('a\nxy\n"z"w\n'), /line 3/)
})

t.test('tables of nodes', async (t) => {
  const read = (text: string) => readNodes(join(t.testdir({ 'n.csv': text }), 'n.csv'))
  t.strictSame(read('lon,name,lat,address\n-2.5,x,1e1,192.0.2.1\n,y\n'), [
    { name: 'x', lat: 10, lon: -2.5, address: '192.0.2.1' },
    { name: 'y' },
  ])
  const wrong: [string, RegExp][] = [
    ['name,lat\nx,north\n', /n\.csv: x: lat is not a number: north/],
    ['name,lat\nx,NaN\n', /lat is not a number/],
    ['name,latitude\nx,1\n', /column "latitude" is unknown/],
    ['name\nx\nx\n', /x stands there twice/],
    ['name,lat\n,1\n', /row 1: no name/],
  ]
  for (const [text, message] of wrong) t.throws(() => read(text), message)
  const world = worldNodes()
  const count = (country: string) => world.filter((row) => row.country === country).length
  t.ok(world.length >= 40)
  t.ok(count('FR') >= 5 && count('DE') >= 2 && count('US') >= 5 && count('FJ') === 2)
  t.strictSame(
    world.filter(({ lat }) => lat === undefined),
    [{ name: 'unlocated-1' }],
  )
  t.ok(world.some(({ lon = 0 }) => lon > 178) && world.some(({ lon = 0 }) => lon < -179))
  // Addresses of the documentation ranges belong to nobody.
  const documentation = /^(203\.0\.113|198\.51\.100|192\.0\.2)\.\d+$/
  t.ok(world.every(({ address }) => address === undefined || documentation.test(address)))
})

t.test('labels of a bed without EdgeNet', async (t) => {
  const labels = (row: object, label = true) => {
    const { metadata } = nodeObject({ name: 'n', ...row }, label) as {
      metadata: { labels: Record<string, string> }
    }
    return Object.fromEntries(
      Object.entries(metadata.labels).filter(([key]) => key.startsWith('edge-net.io/')),
    )
  }
  const stanford = {
    lat: 37.423,
    lon: -122.1639,
    country: 'US',
    state: 'CA',
    city: 'Stanford',
    continent: 'NA',
  }
  t.strictSame(labels(stanford), {
    'edge-net.io/continent': 'North_America',
    'edge-net.io/country-iso': 'US',
    'edge-net.io/state-iso': 'CA',
    'edge-net.io/city': 'Stanford',
    'edge-net.io/lat': 'n37.423000',
    'edge-net.io/lon': 'w-122.163900',
    'edge-net.io/subdivision': 'US-CA',
    'edge-net.io/country-city': 'US.Stanford',
    'edge-net.io/subdivision-city': 'US-CA.Stanford',
    'edge-net.io/location-source': 'manual',
  })
  t.strictSame(labels({ lat: -0.5, lon: 0, city: 'São Paulo', continent: 'Europe' }), {
    'edge-net.io/continent': 'Europe',
    'edge-net.io/city': 'Sao_Paulo',
    'edge-net.io/lat': 's-0.500000',
    'edge-net.io/lon': 'e0.000000',
    'edge-net.io/location-source': 'manual',
  })
  t.strictSame(labels({}), {})
  t.strictSame(labels(stanford, false), {})
})

t.test('programs: given ones, else the cache', async (t) => {
  const programs = Object.fromEntries(PROGRAMS.map((name) => [name, '']))
  const home = t.testdir({ assets: programs, partial: { etcd: '' }, cache: {} })
  const at = (name: string) => join(home, name)
  const given = await findBinaries({ KUBEBUILDER_ASSETS: at('assets') })
  t.equal(given['kube-apiserver'], join(at('assets'), 'kube-apiserver'))
  const env = { EDGENET_CACHE: at('cache') }
  const cache = cacheFolder(env)
  t.equal(cache, join(at('cache'), 'testbed', pinsHash()))
  t.equal(cacheFolder({ HOME: '/h' }), `/h/.cache/edgenet/testbed/${pinsHash()}`)
  mkdirSync(cache, { recursive: true })
  for (const name of PROGRAMS) writeFileSync(join(cache, name), '')
  t.equal((await findBinaries(env)).kwok, join(cache, 'kwok'))
  const mixed = await findBinaries({ ...env, KUBEBUILDER_ASSETS: at('partial') })
  t.equal(mixed.etcd, join(cache, 'etcd'), 'never a mixture')
})

/** Calls buildInto in a process of its own whose `go` is the given shell script. */
async function build(
  folder: string,
  go: string | undefined,
): Promise<{ code: number; log: string }> {
  const bin = join(folder, '..', 'bin')
  mkdirSync(bin, { recursive: true })
  if (go !== undefined) {
    writeFileSync(join(bin, 'go'), `#!/bin/sh\n${go}\n`)
    chmodSync(join(bin, 'go'), 0o755)
  }
  const code = `
    import { buildInto } from '${import.meta.dirname}/build.ts'
    await buildInto(${JSON.stringify(folder)})`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    env: { PATH: `${bin}:/usr/bin:/bin` },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  const [exit] = await once(child, 'close')
  return { code: exit, log }
}

/** Stands for `go build … -o FILE PACKAGE`: writes a line per call, and the file. */
const GO = `
[ "$1" = version ] && exit 0
while [ "$1" != -o ]; do shift; done
echo "$2" >> "$(dirname "$0")/calls"
sleep 0.05
: > "$2"`

t.test('building', async (t) => {
  const at = join(t.testdir(), 'cache', 'key')
  const calls = () =>
    readFileSync(join(at, '..', 'bin', 'calls'), 'utf8')
      .trim()
      .split('\n')
  const broken = await build(at, `${GO}\ncase "$2" in *kwok) echo no space left; exit 1;; esac`)
  t.equal(broken.code, 1)
  t.match(broken.log, /go could not build kwok:\nno space left/)
  t.notOk(existsSync(at), 'a broken build leaves nothing')
  t.strictSame(calls().length, 3)

  const both = await Promise.all([build(at, GO), build(at, GO)])
  t.strictSame(
    both.map(({ code }) => code),
    [0, 0],
  )
  t.equal(both.filter(({ log }) => log.includes('another build is running')).length, 1)
  t.equal(calls().length, 3 + PROGRAMS.length, 'only one of them built')
  t.match(both.map(({ log }) => log).join(''), /\[6\/6\] kube-apiserver: built after \d+ s/)
  for (const name of PROGRAMS) t.ok(existsSync(join(at, name)))
  t.notOk(existsSync(`${at}.lock`))

  t.strictSame(recipe('kubectl', '/x').args.slice(-3), [
    '-o',
    '/x/kubectl',
    'k8s.io/kubernetes/cmd/kubectl',
  ])
  t.match(recipe('kubectl', '/x').args.join(' '), `gitVersion=${kubernetesVersion()}`)
})

t.test('a lock whose holder has died is taken over', async (t) => {
  const file = join(t.testdir(), 'lock')
  const gone = spawn('true')
  await once(gone, 'close')
  writeFileSync(file, String(gone.pid))
  t.equal(
    await withLock(
      file,
      () => t.fail('waits'),
      async () => 7,
    ),
    7,
  )
  await t.rejects(
    withLock(
      file,
      () => {},
      async () => Promise.reject(new Error('x')),
    ),
    /x/,
  )
  t.notOk(existsSync(file))
})

t.test('certificates for odd names', async (t) => {
  const pki = new Pki(join(t.testdir(), 'pki'))
  pki.create()
  const { X509Certificate } = await import('node:crypto')
  const ca = new X509Certificate(pki.ca())
  const user = 'a/b+c\\d, é="x"'
  const mine = pki.client({ user, groups: ['g/1', 'g 2'] })
  const certificate = new X509Certificate(readFileSync(mine.cert))
  const subject = certificate.toLegacyObject().subject as unknown as { CN: string; O: string[] }
  t.equal(subject.CN, user)
  t.strictSame(subject.O, ['g/1', 'g 2'])
  t.ok(certificate.verify(ca.publicKey))
  t.notOk(certificate.ca)
  t.strictSame(pki.client({ user, groups: ['g/1', 'g 2'] }), mine, 'made once')
  const serving = new X509Certificate(
    readFileSync(pki.serving({ dns: ['a.svc'], ips: ['127.0.0.1'] }).cert),
  )
  t.ok(serving.checkHost('a.svc') && serving.checkIP('127.0.0.1') && !serving.checkHost('b.svc'))
  t.throws(() => pki.client({ user: 'x'.repeat(65) }), /string too long/)
})

t.test('the audit log while it is written', async (t) => {
  const file = join(t.testdir(), 'audit.log')
  const log = new AuditLog(file)
  t.equal(log.mark(), 0)
  t.strictSame(log.since(0), [])
  const event = (name: string, stage = 'ResponseComplete', verb = 'get') =>
    JSON.stringify({ stage, verb, requestURI: '/x', user: { username: 'é' }, objectRef: { name } })
  writeFileSync(file, `${event('a')}\n`)
  const mark = log.mark()
  writeFileSync(file, `${event('b')}\n${event('c').slice(0, 20)}`, { flag: 'a' })
  t.match(log.since(mark), [{ name: 'b', user: 'é' }])
  const watches = `${event('w', 'ResponseStarted', 'watch')}\n${event('w', 'ResponseComplete', 'watch')}\n`
  writeFileSync(file, watches)
  t.equal(log.since(0).length, 1, 'a watch counts once')
})

t.test('until', async (t) => {
  let calls = 0
  t.equal(await until(() => ++calls >= 3 && calls, { what: 'three', everyMs: 1 }), 3)
  const options = { what: 'rain', timeoutMs: 50, everyMs: 5 }
  await t.rejects(
    until(() => false, options),
    /waited 0\.05 s for rain; the last answer was false/,
  )
  const failing = until(() => Promise.reject(new Error('dry')), options)
  await t.rejects(failing, /for rain; the last try failed: dry/)
  await t.rejects(
    until(() => new Promise(() => {}), options),
    /waited 0\.05 s for rain/,
  )
})

t.test('npm test: what is run and what is counted', async (t) => {
  const root = t.testdir({
    tests: {
      core: { 'a.test.ts': '', 'helper.ts': '' },
      kube: { 'b.test.ts': "x\nimport {\n  sharedTestbed,\n} from '../testbed/shared.ts'\n" },
      word: { 'c.test.ts': "const text = `import { x } from './shared.ts'`" },
    },
  })
  const at = (path: string) => join(root, path)
  t.strictSame(select(root, []).files, [
    'tests/core/a.test.ts',
    'tests/kube/b.test.ts',
    'tests/word/c.test.ts',
  ])
  t.strictSame(select(root, [at('tests/core'), '--bail']), {
    files: ['tests/core/a.test.ts'],
    options: ['--bail'],
  })
  t.throws(() => select(root, [at('tests/none')]), /no such file/)
  t.notOk(needsBed(root, ['tests/core/a.test.ts', 'tests/word/c.test.ts']))
  t.ok(needsBed(root, ['tests/core/a.test.ts', 'tests/kube/b.test.ts']))
  const counts: [string, number, number][] = [
    ['ok 1\n# { total: 3, pass: 3 }\n# time=1ms\n', 3, 0],
    ['# { total: 5, pass: 3, fail: 1, skip: 1 }\n', 3, 1],
    ['    # { total: 9, pass: 9 }\nnot ok', 0, 1],
    ['', 0, 1],
  ]
  for (const [text, passed, failed] of counts) t.strictSame(countTap(text), { passed, failed })
})
