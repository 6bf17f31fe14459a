import { POD_START, POD_STOP, type Run } from './replay.ts'
import { healingTable } from './table.ts'

/** docs/reference/healing.md, whole. */
export function healingPage(runs: readonly Run[]): string {
  return `# Healing: measured

\`npm run bench:heal -- --write\` makes this page. It replays the five rows of Table 1 of the original's
paper on the test bed: a real control plane with fake nodes, pods that take ${POD_START} s to start and ${POD_STOP} s to
stop. Each row runs as a DaemonSet and as a Deployment on nodes of its own. One node of each row stops
renewing its lease, all at the same moment; it returns after the row has recovered. Times are in seconds.
The lines \`original\` are what the paper prints, from other machines, one run per cell. The paper has no
"restarted": that is what running the original showed (a failure changes the pod template, so every pod on
the other nodes is replaced). Ours are one run per cell as well, on 2 cores that had other work to do.

${healingTable(runs)}

- **admission**: from the request to its answer; **+ selection**: until the last chosen node is labelled.
- **detection**: from the failure until the node is declared lost. The node has renewed its lease up to a
  quarter of the lease's duration before it fails, so this is between three quarters of the lease and all
  of it, plus the margin of 0.5 s and what a busy machine adds.
- **recovery**: from then until all pods run. A pod's start is ${POD_START} s of it.
- **label writes**: PATCH requests on nodes for the failure, without the one that sets the taint.
- **restarted**: pods on other nodes, by uid: until the row has recovered, and 45 s after the node is back.

How detection works, its guards and its settings: [how-to/heal.md](../how-to/heal.md).
`
}
