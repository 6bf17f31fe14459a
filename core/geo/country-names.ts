/**
 * Names that countries-list does not have: ISO 3166-1's short names where they differ by more than
 * the order of words, and names in common use.
 */
export const MORE_NAMES: Readonly<Record<string, readonly string[]>> = {
  AX: ['Aland Islands'],
  BN: ['Brunei Darussalam'],
  BO: ['Bolivia (Plurinational State of)'],
  BQ: ['Bonaire, Sint Eustatius and Saba', 'Caribbean Netherlands'],
  CC: ['Cocos Islands', 'Keeling Islands'],
  CD: ['Congo (Democratic Republic)', 'Congo DR', 'DR of Congo', 'Congo (Kinshasa)'],
  CG: ['Congo Republic', 'Congo (Brazzaville)'],
  CN: ["People's Republic of China", 'PRC', 'Mainland China'],
  DE: ['Federal Republic of Germany'],
  FK: ['Falkland Islands (Malvinas)', 'Falklands', 'Malvinas'],
  FM: ['Federated States of Micronesia'],
  FO: ['Faroes', 'Faeroe Islands'],
  GB: ['United Kingdom of Great Britain and Northern Ireland'],
  GM: ['The Gambia'],
  HK: ['Hong Kong SAR', 'Hong Kong SAR China'],
  IE: ['Republic of Ireland'],
  IR: ['Iran (Islamic Republic of)'],
  KP: ["Korea (Democratic People's Republic of)"],
  KR: ['South Korea (Republic of Korea)'],
  LA: ["Lao People's Democratic Republic"],
  MD: ['Republic of Moldova'],
  MF: ['Saint Martin (French part)'],
  MK: ['Republic of North Macedonia'],
  MO: ['Macao SAR', 'Macau SAR', 'Macao SAR China'],
  NL: ['Kingdom of the Netherlands'],
  PN: ['Pitcairn'],
  PS: ['State of Palestine', 'Palestinian Territory', 'Palestinian Territories'],
  SH: ['Saint Helena, Ascension and Tristan da Cunha'],
  SJ: ['Svalbard'],
  ST: ['Sao Tome'],
  SX: ['Sint Maarten (Dutch part)'],
  SZ: ['eSwatini'],
  TF: ['French Southern and Antarctic Lands'],
  TL: ['Timor-Leste'],
  TT: ['Trinidad'],
  TW: ['Taiwan (Province of China)', 'Chinese Taipei'],
  TZ: ['United Republic of Tanzania'],
  UM: ['United States Minor Outlying Islands', 'US Outlying Islands'],
  VE: ['Venezuela (Bolivarian Republic of)'],
  VG: ['Virgin Islands (British)'],
  VI: ['Virgin Islands (U.S.)', 'United States Virgin Islands'],
  VC: ['Saint Vincent'],
}

/** What people write who mean one of several countries, or a part of one; keys are nameKey()s. */
export const MEANT_COUNTRIES: ReadonlyMap<string, readonly string[]> = new Map([
  ['korea', ['KR', 'KP']],
  ['congo', ['CD', 'CG']],
  ['islands virgin', ['VI', 'VG']],
  ['england', ['GB']],
  ['scotland', ['GB']],
  ['wales', ['GB']],
  ['ireland northern', ['GB']],
  ['el', ['GR']],
  ['soviet union', ['RU']],
  ['ussr', ['RU']],
  ['hawaii', ['US']],
  ['czechoslovakia', ['CZ', 'SK']],
])

/**
 * Where countries-list names another main continent than UN M49 and GeoNames do (the latter is what
 * IP databases are made with): a node must be on one continent whoever located it.
 */
export const MAIN_CONTINENT = new Map<string, 'EU'>([['RU', 'EU']])
