import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Node } from '@kubernetes/client-node'
import t from 'tap'
import { NodeLocator } from '../../controllers/locator/node-locator.ts'
import { openDatabase } from '../../controllers/locator/open-database.ts'
import { type Locator, startLocator } from '../../controllers/locator.ts'
import { nodeFacts } from '../../core/location/node-facts.ts'
import { EventRecorder } from '../../platform/kube/events.ts'
import { createLogger } from '../../platform/log.ts'
import { registry } from '../../platform/metrics.ts'
import { until } from '../testbed/index.ts'
import { sharedTestbed } from '../testbed/shared.ts'
import { CITY, metric, onePlace, publish } from './geo-databases.ts'

const quiet = createLogger({ level: 'silent' })
const folder = mkdtempSync(join(tmpdir(), 'locator-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.test('nodes of a cluster', async (t) => {
  const bed = await sharedTestbed()
  // Other tests use the bed at the same time: only our own nodes are located.
  const run = randomBytes(4).toString('hex')
  const user = `locator-${run}`
  const client = bed.clientFor(user, ['system:masters'])
  const path = join(folder, 'city.mmdb')
  const events = new EventRecorder({ client, controller: 'edge-net.io/locator', instance: run })
  const nodePath = (name: string) => `/api/v1/nodes/${name}`
  const locators = new Set<Locator>()
  const start = async (): Promise<Locator> => {
    const locator = await startLocator({
      client,
      events,
      log: quiet,
      databasePaths: [path],
      databasePollMs: 50,
      selector: `test/locator=${run}`,
    })
    locators.add(locator)
    return locator
  }
  const stop = async (locator: Locator) => {
    locators.delete(locator)
    await locator.stop()
  }
  const names: string[] = []
  const add = async (suffix: string, address?: string) => {
    const name = `loc-${run}-${suffix}`
    names.push(name)
    const labels = { 'test/locator': run }
    await bed.nodes.add([{ name, labels, ...(address !== undefined && { address }) }])
    return name
  }
  t.teardown(async () => {
    for (const locator of locators) await locator.stop()
    await events.stop()
    for (const name of names) await bed.nodes.remove(name)
    await bed.stop()
  })

  const get = (name: string) => bed.admin.get<V1Node>(nodePath(name))
  const geo = (node: V1Node) =>
    Object.fromEntries(
      Object.entries(node.metadata?.labels ?? {}).filter(([key]) => key.startsWith('edge-net.io/')),
    )
  const located = (node: V1Node) =>
    node.status?.conditions?.find(({ type }) => type === 'EdgeNetLocated')
  /** Waits until a node's condition has this reason and its label of that name this value. */
  const settles = (name: string, reason: string, [label, value]: [string, string | undefined]) =>
    until(
      async () => {
        const node = await get(name)
        const right = geo(node)[`edge-net.io/${label}`] === value
        return right && located(node)?.reason === reason ? node : undefined
      },
      { what: `${name}: ${reason}, ${label}=${value}`, everyMs: 20, timeoutMs: 10_000 },
    )
  const annotate = (name: string, location: object | string | null) => {
    const text =
      typeof location === 'string' || location === null ? location : JSON.stringify(location)
    const annotations = { 'edge-net.io/location': text }
    return bed.admin.patch(nodePath(name), { metadata: { annotations } }, 'merge')
  }
  const setAddress = (name: string, address: string) =>
    bed.admin.patch(
      `${nodePath(name)}/status`,
      { status: { addresses: [{ type: 'ExternalIP', address }] } },
      'strategic',
    )
  /** The locator's writes to Nodes since a position, when those asked for before are surely logged. */
  const writes = async (since: number) => {
    const marker = `${nodePath('marker')}-${randomBytes(4).toString('hex')}`
    await client.get(marker).catch(() => undefined)
    const logged = () => bed.audit.since(since).some((event) => event.uri === marker)
    await until(logged, { what: 'the audit log' })
    return bed.audit
      .since(since)
      .filter(
        (event) => event.user === user && event.resource === 'nodes' && event.verb !== 'watch',
      )
      .filter((event) => !['get', 'list'].includes(event.verb))
      .map(({ verb, name, subresource }) => `${verb} ${name} ${subresource}`.trim())
  }

  const plain = await add('plain')
  const london = await add('london', '81.2.69.142')
  let locator = await start()
  await settles(plain, 'NoPublicAddress', ['lat', undefined])

  await t.test('without a database, and when one appears', async (t) => {
    const before = await settles(london, 'NoDatabase', ['lat', undefined])
    t.match(located(before), { status: 'False', message: /81\.2\.69\.142/ })
    publish(path, CITY)
    const node = await settles(london, 'IPAddress', ['city', 'London'])
    t.same(geo(node), {
      'edge-net.io/continent': 'Europe',
      'edge-net.io/country-iso': 'GB',
      'edge-net.io/state-iso': 'ENG',
      'edge-net.io/city': 'London',
      'edge-net.io/lat': 'n51.514200',
      'edge-net.io/lon': 'w-0.093100',
      'edge-net.io/subdivision': 'GB-ENG',
      'edge-net.io/country-city': 'GB.London',
      'edge-net.io/subdivision-city': 'GB-ENG.London',
      'edge-net.io/location-source': 'ip',
      'edge-net.io/accuracy-km': '10',
    })
    t.match(located(node), {
      status: 'True',
      message: 'London, GB-ENG; from IP address 81.2.69.142, within 10 km',
    })
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
    t.equal(ready?.status, 'True', 'the other conditions are as they were')
    const query = { fieldSelector: `regarding.name=${london}` }
    const reasons = await until(
      async () => {
        const found = await bed.admin.listAll('/apis/events.k8s.io/v1/events', query)
        const list = found.map((event) => `${event['type']} ${event['reason']}`)
        return list.includes('Normal Located') ? list : undefined
      },
      { what: 'the event' },
    )
    t.ok(reasons.includes('Warning NoDatabase'), reasons.join())
  })

  await t.test('a manual place wins and leaves again', async (t) => {
    await annotate(london, { country: 'FR', city: 'Paris', lat: 48.85, lon: 2.35 })
    const paris = await settles(london, 'ManualLocation', ['city', 'Paris'])
    t.same(geo(paris), {
      'edge-net.io/continent': 'Europe',
      'edge-net.io/country-iso': 'FR',
      'edge-net.io/city': 'Paris',
      'edge-net.io/lat': 'n48.850000',
      'edge-net.io/lon': 'e2.350000',
      'edge-net.io/country-city': 'FR.Paris',
      'edge-net.io/location-source': 'manual',
    })
    await annotate(london, '{"country":"Frankreich"}')
    const broken = await settles(london, 'ManualLocationInvalid', ['lat', undefined])
    t.same(geo(broken), {}, 'no other source steps in')
    t.match(located(broken), { status: 'False', message: /Frankreich/ })
    await annotate(london, null)
    await settles(london, 'IPAddress', ['city', 'London'])

    await annotate(plain, { lat: 46.2, lon: 6.15 })
    await settles(plain, 'ManualLocation', ['lat', 'n46.200000'])
    await annotate(plain, null)
    await settles(plain, 'NoPublicAddress', ['lat', undefined])
  })

  await t.test('another address, a provider id', async (t) => {
    await setAddress(london, '89.160.20.112')
    const node = await settles(london, 'IPAddress', ['city', 'Linkoping'])
    t.equal(geo(node)['edge-net.io/subdivision'], 'SE-E')
    await setAddress(london, '8.8.4.4')
    await settles(london, 'AddressUnknown', ['lat', undefined])
    await setAddress(london, '81.2.69.142')
    await settles(london, 'IPAddress', ['city', 'London'])

    const spec = { providerID: 'aws:///us-west-2-lax-1a/i-0123456789abcdef0' }
    await bed.admin.patch(nodePath(plain), { spec }, 'merge')
    const site = await settles(plain, 'ProviderSite', ['city', 'Los_Angeles'])
    t.match(geo(site), {
      'edge-net.io/subdivision': 'US-CA',
      'edge-net.io/location-source': 'provider',
      'edge-net.io/accuracy-km': '30',
    })
  })

  await t.test('another database', async (t) => {
    const mark = bed.audit.mark()
    // Half-written, damaged, vanished: everything stays.
    publish(path, CITY.subarray(0, 15_000))
    await sleep(300)
    rmSync(path)
    await sleep(300)
    t.same(await writes(mark), [])
    // Nearer than its radius of 10 km: 0.05 degrees of latitude are 5.6 km.
    const loads = () => metric('edgenet_geodb_build_age_seconds', path)
    publish(path, onePlace(51.56, -0.0931, 'Islington'))
    await until(async () => ((await loads()) ?? 1e9) < 90_000, { what: 'the new database' })
    await sleep(200)
    t.same(await writes(mark), [], 'within its radius nothing moves')

    publish(path, onePlace(52.5, -1.9, 'Birmingham'))
    await settles(london, 'IPAddress', ['city', 'Birmingham'])
    // The labels come first, the condition follows.
    await until(async () => (await writes(mark)).length > 1, { what: 'the condition' })
    t.same(await writes(mark), [`patch ${london}`, `patch ${london} status`])
  })

  await t.test('nothing is written when nothing changes', async (t) => {
    const mark = bed.audit.mark()
    for (let round = 0; round < 3; round++) {
      const annotations = { 'example.com/round': String(round) }
      await bed.admin.patch(nodePath(london), { metadata: { annotations } }, 'merge')
      await bed.admin.patch(
        `${nodePath(london)}/status`,
        {
          status: {
            conditions: [{ type: 'MemoryPressure', status: 'False', message: `${round}` }],
          },
        },
        'strategic',
      )
    }
    await stop(locator)
    // The database is absent when it starts: what a node has is not taken away.
    rmSync(path)
    locator = await start()
    await locator.nodes.whenSynced()
    await sleep(300)
    publish(path, onePlace(52.5, -1.9, 'Birmingham'))
    await sleep(500)
    t.same(await writes(mark), [])
  })

  await t.test('labels that somebody else changed are put right', async (t) => {
    const labels = { 'edge-net.io/city': 'Atlantis', 'edge-net.io/lat': null }
    await bed.admin.patch(nodePath(london), { metadata: { labels } }, 'merge')
    const node = await settles(london, 'IPAddress', ['city', 'Birmingham'])
    t.equal(geo(node)['edge-net.io/lat'], 'n52.500000')
    await bed.admin.patch(
      nodePath(plain),
      { metadata: { labels: { 'edge-net.io/country-iso': 'RU' } } },
      'merge',
    )
    await settles(plain, 'ProviderSite', ['country-iso', 'US'])
  })

  await t.test('a node made anew under an old name', async () => {
    await bed.nodes.remove(london)
    await add('london', '81.2.69.142')
    await settles(london, 'IPAddress', ['city', 'Birmingham'])
  })

  await t.test('a look-up that fails comes again', async (t) => {
    await stop(locator)
    const name = await add('flaky', '81.2.69.142')
    let broken = true
    const flaky = openDatabase(onePlace(50, 1, 'Eastbourne'))
    const nodes = new Map([[name, nodeFacts(await get(name))]])
    const single = new NodeLocator({
      client,
      events,
      nodes,
      databases: {
        current: () => [
          {
            ipVersion: 4,
            get: (address) => {
              if (broken) throw new RangeError('page could not be read')
              return flaky.get(address)
            },
          },
        ],
        close: () => {},
      },
    })
    const { signal } = new AbortController()
    await t.rejects(single.sync(name, signal), /page could not be read/)
    await settles(name, 'LookupFailed', ['lat', undefined])
    broken = false
    // The view still shows the node as it was first: our own write is remembered.
    await single.sync(name, signal)
    const node = await settles(name, 'IPAddress', ['city', 'Eastbourne'])
    const mark = bed.audit.mark()
    await single.sync(name, signal)
    broken = true
    await t.rejects(single.sync(name, signal), /page could not be read/)
    t.same(await writes(mark), [], 'a place found before outlives the failure')

    // Gone, and another one in its place, between our look and our write.
    nodes.set(name, { ...nodeFacts(node), labels: {}, uid: '0', resourceVersion: '9'.repeat(30) })
    broken = false
    await single.sync(name, signal)
    t.same(geo(await get(name)), geo(node), 'a write for another uid is refused')
    await bed.nodes.remove(name)
    await single.sync(name, signal)
  })

  const metrics = await registry.getMetricsAsJSON()
  t.ok(metrics.some(({ name }) => name === 'edgenet_located_nodes'))
})
