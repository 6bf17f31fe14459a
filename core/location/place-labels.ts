import { continentLabel } from '../geo/continents.ts'
import { PREFIX } from '../placement/labels.ts'
import { coordinateLabels, labelValue } from './label-value.ts'
import type { Labels } from './node-facts.ts'
import { joinLabel } from './qualified.ts'
import type { Place, Source } from './types.ts'

/**
 * The labels of a node at a place. A fact that is not known has no label.
 *
 * A place may lack coordinates (a manual location with a country only, a country database): such a node
 * is selected by attributes, but is in no area by outline and near nothing. Or it may lack the country:
 * then it is in no selection, since every one demands that the country is known (isLocated).
 */
export function placeLabels(place: Place, source: Source): Labels {
  const { country, subdivision } = place
  const city = place.city === undefined ? undefined : labelValue(place.city)
  const region = country && subdivision && `${country}-${subdivision}`
  return prefixed({
    continent: place.continent && continentLabel(place.continent),
    'country-iso': country,
    'state-iso': subdivision,
    city,
    ...coordinates(place),
    subdivision: region,
    'country-city': country && city && joinLabel([country, city]),
    'subdivision-city': region && city && joinLabel([region, city]),
    'location-source': source,
    'accuracy-km': place.accuracyKm === undefined ? undefined : String(Math.ceil(place.accuracyKm)),
  })
}

function coordinates({ lat, lon }: Place): { lat?: string; lon?: string } {
  return lat === undefined || lon === undefined ? {} : coordinateLabels(lat, lon)
}

function prefixed(values: Readonly<Record<string, string | undefined>>): Labels {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value) labels[PREFIX + name] = value
  }
  return labels
}
