import { Reader, type Response } from 'maxmind'
import { placeOfRecord } from '../../core/location/mmdb-record.ts'
import type { GeoDatabase } from '../../core/location/types.ts'
import { sampleRecords } from './sample-records.ts'

/** An IP database in memory. */
export interface OpenDatabase extends GeoDatabase {
  /** As the file names itself: GeoLite2-City, DBIP-City-Lite … */
  readonly type: string
  readonly builtAt: Date
}

/** Zero bytes between the search tree and the data (MaxMind DB format 2.0). */
const SEPARATOR = 16

/**
 * Reads a database and looks into it, so that a damaged file, or one about something else than places,
 * is refused before it is used. Throws an Error that says what is wrong. The whole check takes some
 * milliseconds whatever the size of the file.
 */
export function openDatabase(file: Buffer): OpenDatabase {
  const reader = new Reader<Response>(file)
  const { ipVersion, databaseType, buildEpoch } = reader.metadata
  checkMetadata(reader, file)
  const database: OpenDatabase = {
    type: String(databaseType),
    builtAt: buildEpoch,
    ipVersion: ipVersion === 4 ? 4 : 6,
    get: (address) => reader.get(address),
  }
  const records = sampleRecords(reader, database.ipVersion)
  if (!records.some((record) => placeOfRecord(record) !== undefined)) {
    throw new Error(
      `holds no places (its type is ${database.type}, ${records.length} records read)`,
    )
  }
  return database
}

function checkMetadata({ metadata }: Reader<Response>, file: Buffer): void {
  const { binaryFormatMajorVersion, ipVersion, nodeCount, searchTreeSize, buildEpoch } = metadata
  if (binaryFormatMajorVersion !== 2) throw new Error(`format ${binaryFormatMajorVersion}, not 2`)
  if (ipVersion !== 4 && ipVersion !== 6) throw new Error(`IP version ${ipVersion}, not 4 or 6`)
  if (!(nodeCount > 0)) throw new Error('its search tree is empty')
  if (!(buildEpoch.getTime() > 0)) throw new Error('it has no build date')
  const gap = file.subarray(searchTreeSize, searchTreeSize + SEPARATOR)
  if (gap.length < SEPARATOR || gap.some((byte) => byte !== 0)) {
    throw new Error('its search tree does not end where the metadata says')
  }
}
