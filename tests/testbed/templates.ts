/** Go templates of the status that kwok writes (stages.ts says when). */

/** A node that kwok serves becomes ready; what its creator has set in the status stays. */
export const NODE_READY = `
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}
{{ if not .status.allocatable }}
allocatable: { cpu: "4", memory: 8Gi, pods: "110" }
capacity: { cpu: "4", memory: 8Gi, pods: "110" }
{{ end }}
`

/**
 * kubelet writes its status every 5 minutes when nothing changes. lastTransitionTime must stay as it
 * was, and a template cannot look it up by type without a loop.
 */
export const NODE_HEARTBEAT = `
{{ $now := Now }}
conditions:
{{ range .status.conditions }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ .lastTransitionTime | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}
`

/**
 * A delay that began before the node failed still ends after it, so templates ask once more whether
 * the node is served: NodeIPWith is empty for others, and a patch that changes nothing is not sent.
 */
const ifServed = (template: string): string =>
  `{{ if NodeIPWith .spec.nodeName }}${template}{{ else }}{}{{ end }}`

const conditions = (ready: 'True' | 'False', types: readonly string[]): string =>
  types
    .map(
      (type) => `- lastTransitionTime: {{ $now | Quote }}\n  status: "${ready}"\n  type: ${type}\n`,
    )
    .join('')

export const POD_RUNNING = ifServed(`
{{ $now := Now }}
conditions:
${conditions('True', ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'])}
{{ range .spec.readinessGates }}
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: {{ .conditionType | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: true
  started: true
  restartCount: 0
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
  {{ else }}
  state:
    terminated:
      exitCode: 0
      reason: Completed
      finishedAt: {{ $now | Quote }}
      startedAt: {{ $now | Quote }}
  {{ end }}
{{ end }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
phase: Running
startTime: {{ $now | Quote }}
`)

/** The containers have ended: by themselves, or by SIGTERM (143), as kubelet reports it. */
export const podEnded = (phase: 'Succeeded' | 'Failed', exitCode: number, reason: string): string =>
  ifServed(`
{{ $now := Now }}
conditions:
${conditions('False', ['Ready', 'ContainersReady'])}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  started: false
  restartCount: 0
  state:
    terminated:
      exitCode: ${exitCode}
      reason: ${reason}
      finishedAt: {{ $now | Quote }}
      startedAt: {{ $now | Quote }}
{{ end }}
phase: ${phase}
`)
