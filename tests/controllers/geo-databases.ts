import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { registry } from '../../platform/metrics.ts'
import { writeDatabase } from '../core/location/mmdb-writer.ts'

export const testFile = (name: string): Buffer =>
  readFileSync(new URL(`../data/mmdb/${name}`, import.meta.url))

export const CITY = testFile('GeoLite2-City-Test.mmdb')

/** A database, a day old, with one place for 81.2.69.0/24 and a radius of 20 km. */
export const onePlace = (lat: number, lon: number, city = 'London'): Buffer =>
  writeDatabase({
    ipVersion: 4,
    type: 'Test-City',
    builtAt: new Date(Date.now() - 86_400_000),
    networks: {
      '81.2.69.0/24': {
        country: { iso_code: 'GB' },
        city: { names: { en: city } },
        location: { latitude: lat, longitude: lon, accuracy_radius: 20 },
      },
    },
  })

/** Puts a file in place as careful publishers do: all at once. */
export function publish(path: string, contents: Buffer): void {
  writeFileSync(`${path}.new`, contents)
  renameSync(`${path}.new`, path)
}

/** The value of a database's metric. */
export async function metric(name: string, file: string): Promise<number | undefined> {
  const found = await registry.getSingleMetric(name)?.get()
  return found?.values.find((value) => value.labels['file'] === file)?.value
}
