{{/*
CEL parts of the policies. A policy is evaluated inside the API server, so it holds while our own
processes are away. An expression that fails denies the request (failurePolicy Fail): every access
to what may be absent is optional.
*/}}

{{/* Is k a key (of a label, annotation or taint) that is ours? */}}
{{- define "edgenet.cel.ourKey" -}}
(k.startsWith('edge-net.io/') || k.contains('.edge-net.io/') || k.startsWith('edge-net.node-restriction.kubernetes.io/'))
{{- end }}

{{/* Are the keys of ours the same, with the same values, in two maps? (list "variables.a" "variables.b") */}}
{{- define "edgenet.cel.sameKeys" -}}
{{- $a := index . 0 }}{{- $b := index . 1 -}}
{{- /* Whole maps first: a heartbeat changes none of them, and costs no loop. */ -}}
{{ $a }} == {{ $b }}
|| ({{ $a }}.all(k, !{{ include "edgenet.cel.ourKey" . }} || (k in {{ $b }} && {{ $a }}[k] == {{ $b }}[k]))
&& {{ $b }}.all(k, !{{ include "edgenet.cel.ourKey" . }} || k in {{ $a }}))
{{- end }}

{{/* The annotations that ask for a place. */}}
{{- define "edgenet.cel.placementKeys" -}}
['edge-net.io/continent', 'edge-net.io/country', 'edge-net.io/state', 'edge-net.io/city', 'edge-net.io/area', 'edge-net.io/near', 'edge-net.io/nodes', 'edge-net.io/placement']
{{- end }}

{{/* Does a workload ask for a place, on itself, its job template or its pod template? The argument: object or oldObject. */}}
{{- define "edgenet.cel.asks" -}}
{{ include "edgenet.cel.placementKeys" . }}.exists(k, k in {{ . }}.metadata.?annotations.orValue({})
|| k in {{ . }}.?spec.?template.?metadata.?annotations.orValue({})
|| k in {{ . }}.?spec.?jobTemplate.?metadata.?annotations.orValue({})
|| k in {{ . }}.?spec.?jobTemplate.?spec.?template.?metadata.?annotations.orValue({}))
{{- end }}

{{/* The pod template of any of the seven kinds; a Pod is its own. The argument: object or oldObject. */}}
{{- define "edgenet.cel.template" -}}
request.kind.kind == 'Pod' ? dyn({{ . }}) : request.kind.kind == 'CronJob' ? dyn({{ . }}).spec.jobTemplate.spec.template : dyn({{ . }}).spec.template
{{- end }}

{{/* Required node affinity of a pod template; empty if there is none. */}}
{{- define "edgenet.cel.required" -}}
{{ . }}.?spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.orValue({})
{{- end }}
