import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startDatabases } from '../../controllers/database.ts'
import { openDatabase } from '../../controllers/locator/open-database.ts'
import { createLogger } from '../../platform/log.ts'
import { type Value, writeDatabase } from '../core/location/mmdb-writer.ts'
import { until } from '../testbed/until.ts'
import { CITY, metric, onePlace, publish, testFile } from './geo-databases.ts'

const quiet = createLogger({ level: 'silent' })
const folder = mkdtempSync(join(tmpdir(), 'database-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.test('only whole databases of places are opened', async (t) => {
  for (const name of ['GeoLite2-City', 'GeoIP2-City', 'GeoLite2-Country']) {
    const opened = openDatabase(testFile(`${name}-Test.mmdb`))
    t.match(opened, { type: name, ipVersion: 6, builtAt: Date })
    t.ok(opened.get('81.2.69.142'))
  }
  t.equal(openDatabase(onePlace(51, 0)).ipVersion, 4)

  const networks = (record: Value) => ({ '81.2.69.0/24': record })
  const built = (record: Value, builtAt = new Date()) =>
    writeDatabase({ ipVersion: 4, type: 'x', builtAt, networks: networks(record) })
  t.throws(() => openDatabase(Buffer.alloc(0)))
  t.throws(() => openDatabase(Buffer.from('<html>404</html>')))
  t.throws(() => openDatabase(Buffer.alloc(100_000)))
  t.throws(() => openDatabase(built({ autonomous_system_number: 1 })), /no places/)
  t.throws(() => openDatabase(built({ country: { iso_code: 'GB' } }, new Date(0))), /build date/)
  // A file cut anywhere has lost its metadata, which stand at its end.
  for (let part = 1; part < 20; part++) {
    const size = Math.floor((CITY.length * part) / 20)
    t.throws(() => openDatabase(CITY.subarray(0, size)), `${size} bytes`)
  }
  // Bytes lost in the middle: the metadata are there and say something else.
  for (const [from, to] of [
    [0, 100],
    [5_000, 5_007],
    [9_000, 15_000],
  ] as const) {
    const holed = Buffer.concat([CITY.subarray(0, from), CITY.subarray(to)])
    t.throws(() => openDatabase(holed), `without ${from}-${to}`)
  }
})

t.test('a database file that is replaced while in use', async (t) => {
  const path = join(folder, 'swap.mmdb')
  let changes = 0
  const databases = await startDatabases({
    paths: [path],
    log: quiet,
    pollMs: 50,
    onChange: () => changes++,
  })
  t.teardown(() => databases.close())
  const lat = () => {
    const record = databases.current()[0]?.get('81.2.69.142')
    return (record as { location?: { latitude?: number } } | undefined)?.location?.latitude
  }
  const takes = (latitude: number) =>
    until(() => lat() === latitude, { what: `latitude ${latitude}`, everyMs: 10 })

  t.same(databases.current(), [], 'none yet')
  t.equal(await metric('edgenet_geodb_loaded', path), 0)

  publish(path, onePlace(50, 0))
  await takes(50)
  t.equal(await metric('edgenet_geodb_loaded', path), 1)
  const age = await metric('edgenet_geodb_build_age_seconds', path)
  t.ok(age !== undefined && age >= 86_400 && age < 90_000, `age ${age}`)

  // Written in place and slowly: at no moment is it anything but the old or the new one.
  const next = onePlace(52, 0)
  const seen = new Set<number | undefined>()
  for (let part = 1; part <= 4; part++) {
    writeFileSync(path, next.subarray(0, Math.floor((next.length * part) / 4)))
    for (let look = 0; look < 10; look++) {
      await sleep(25)
      if (part < 4) seen.add(lat())
    }
  }
  await takes(52)
  t.same([...seen], [50], 'a half-written file keeps the old one')

  for (const bad of [Buffer.alloc(0), Buffer.from('not a database'), CITY.subarray(0, 12_000)]) {
    const refused = (await metric('edgenet_geodb_refused_total', path)) ?? 0
    publish(path, bad)
    await until(async () => ((await metric('edgenet_geodb_refused_total', path)) ?? 0) > refused, {
      what: 'the refusal',
    })
    t.equal(lat(), 52)
  }
  rmSync(path)
  await sleep(300)
  t.equal(lat(), 52, 'a file that vanishes stays in use')
  t.equal(await metric('edgenet_geodb_loaded', path), 1)
  t.equal(changes, 2)

  publish(path, onePlace(53, 0))
  await takes(53)
  t.equal(changes, 3)
})

t.test('a mounted folder as the kubelet changes it', async (t) => {
  const mount = join(folder, 'mount')
  const version = (name: string, contents: Buffer) => {
    mkdirSync(join(mount, name), { recursive: true })
    writeFileSync(join(mount, name, 'city.mmdb'), contents)
    symlinkSync(name, join(mount, '..data_tmp'))
    renameSync(join(mount, '..data_tmp'), join(mount, '..data'))
  }
  version('..1', onePlace(50, 0))
  symlinkSync('..data/city.mmdb', join(mount, 'city.mmdb'))
  const path = join(mount, 'city.mmdb')
  // The poll comes too late for this test: the watch must notice.
  const databases = await startDatabases({ paths: [path], log: quiet, pollMs: 600_000 })
  t.teardown(() => databases.close())
  t.match(databases.current()[0]?.get('81.2.69.1'), { location: { latitude: 50 } })
  version('..2', onePlace(52, 0))
  rmSync(join(mount, '..1'), { recursive: true })
  await until(
    () => {
      const record = databases.current()[0]?.get('81.2.69.1')
      return (record as { location: { latitude: number } }).location.latitude === 52
    },
    { what: 'the new version', everyMs: 10 },
  )
})
