/**
 * The chart's policies, kinds and rights on a real API server with real users, in one cluster: each
 * part is a file in policies/.
 */
import t from 'tap'
import { kinds } from './policies/kinds.ts'
import { lifecycle } from './policies/lifecycle.ts'
import { nodeGuard } from './policies/node-guard.ts'
import { placementNetChange } from './policies/placement-net-change.ts'
import { placementNetChildren } from './policies/placement-net-children.ts'
import { placementNetCreate } from './policies/placement-net-create.ts'
import { reportsGuard } from './policies/reports-guard.ts'
import { rights } from './policies/rights.ts'
import { typeChecks } from './policies/type-checks.ts'
import { openWorld } from './policies/world.ts'

const world = await openWorld(t)
const parts = [
  typeChecks,
  nodeGuard,
  placementNetCreate,
  placementNetChange,
  placementNetChildren,
  reportsGuard,
  kinds,
  rights,
  lifecycle,
]
for (const part of parts) part(t, world)
