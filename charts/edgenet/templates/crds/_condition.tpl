{{/* Schema of one condition, as meta/v1 Condition. */}}
{{- define "edgenet.crd.condition" -}}
type: object
required: [type, status, lastTransitionTime, reason, message]
properties:
  type:
    description: What the condition is about.
    type: string
    maxLength: 316
    pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
  status:
    description: True, False or Unknown.
    type: string
    enum: ["True", "False", Unknown]
  observedGeneration:
    description: The generation that the condition is about.
    type: integer
    format: int64
    minimum: 0
  lastTransitionTime:
    description: When the status last changed.
    type: string
    format: date-time
  reason:
    description: One word for programs.
    type: string
    minLength: 1
    maxLength: 1024
    pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
  message:
    description: A sentence for people.
    type: string
    maxLength: 32768
{{- end }}
