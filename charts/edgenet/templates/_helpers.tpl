{{/* Labels of every object of the chart. */}}
{{- define "edgenet.labels" -}}
app.kubernetes.io/name: edgenet
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Users of our processes as the API server sees them. RBAC and policies exempt exactly these. */}}
{{- define "edgenet.user.controllers" -}}
system:serviceaccount:{{ .Release.Namespace }}:edgenet-controllers
{{- end }}

{{/* How the API server reaches one hook: (dict "root" $ "path" "/hooks/…"). */}}
{{- define "edgenet.clientConfig" -}}
{{- $webhooks := .root.Values.webhooks -}}
{{- if .root.Values.external.enabled -}}
url: {{ printf "%s%s" (required "webhooks.url is required with external.enabled: https://host:port of the webhooks" $webhooks.url | trimSuffix "/") .path | quote }}
caBundle: {{ required "webhooks.caBundle is required with external.enabled: the CA of the webhooks' certificate in base64" $webhooks.caBundle }}
{{- else -}}
service:
  namespace: {{ .root.Release.Namespace }}
  name: edgenet-webhooks
  path: {{ .path }}
  port: 443
{{- if eq .root.Values.tls.mode "secret" }}
caBundle: {{ required "webhooks.caBundle is required with tls.mode=secret: the CA of the certificate in base64" $webhooks.caBundle }}
{{- else if $webhooks.caBundle }}
caBundle: {{ $webhooks.caBundle }}
{{- end }}
{{- end }}
{{- end }}

{{/* Annotation by which cert-manager's ca-injector fills in the CA; empty in other modes. */}}
{{- define "edgenet.caInjection" -}}
{{- if and (not .Values.external.enabled) (eq .Values.tls.mode "certManager") -}}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/edgenet-webhooks
{{- end }}
{{- end }}

{{- define "edgenet.image" -}}
{{- $repository := required "image.repository is required unless external.enabled: where the EdgeNet image is" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" $repository .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The pod template's part that both processes share: (dict "root" $ "values" .Values.x "name" "edgenet-x"). */}}
{{- define "edgenet.podSpec" -}}
serviceAccountName: {{ .name }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        app.kubernetes.io/name: edgenet
        app.kubernetes.io/component: {{ .name }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "edgenet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Probes on the port for operations (plain HTTP). */}}
{{- define "edgenet.probes" -}}
livenessProbe:
  httpGet: { path: /livez, port: ops }
  periodSeconds: 10
readinessProbe:
  httpGet: { path: /readyz, port: ops }
  periodSeconds: 2
startupProbe:
  httpGet: { path: /livez, port: ops }
  periodSeconds: 1
  failureThreshold: 60
{{- end }}
