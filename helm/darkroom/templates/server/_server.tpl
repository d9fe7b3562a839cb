{{- define "darkroom.server.name" -}}
{{ include "darkroom.fullname" . }}-server
{{- end -}}

{{- define "darkroom.server.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "darkroom.server.labels" -}}
{{ merge (include "darkroom.server.selectorLabels" . | fromYaml) (include "darkroom.labels" . | fromYaml) | toYaml }}
{{- end -}}

{{- define "darkroom.server.accountName" -}}
{{- if .Values.server.serviceAccount.create -}}
{{ default (include "darkroom.server.name" .) .Values.server.serviceAccount.name }}
{{- else -}}
{{ required "server.serviceAccount.name: needed when server.serviceAccount.create is false" .Values.server.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{/* Whether several pods may run. */}}
{{- define "darkroom.server.isMany" -}}
{{- if or .Values.server.autoscaling.enabled (gt (int64 .Values.server.replicas) 1) }}true{{ end -}}
{{- end -}}

{{- define "darkroom.server.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.server.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
fsGroup: {{ int64 . }}
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* The server's configuration file; see docs/serving.md. */}}
{{- define "darkroom.server.config" -}}
{{- if not (or .Values.server.access.keysSecret .Values.server.access.bearerTokens) }}
{{- fail "server.access: set keysSecret, bearerTokens or both: nothing is open by default, so nobody could call" }}
{{- end -}}
{{- if and .Values.server.runs.uri (not .Values.server.storage) }}
{{- fail "server.runs.uri: add an entry to server.storage whose prefix covers it, and which may write there" }}
{{- end -}}
cluster:
  namespaces: {{ toJson .Values.namespaces }}
  allowedSecrets: {{ toJson .Values.allowedSecrets }}
  runsUri: {{ toJson .Values.server.runs.uri }}
  {{- if .Values.server.storage }}
  storage:
    {{- range $index, $entry := .Values.server.storage }}
    - prefix: {{ $entry.prefix | quote }}
      endpoint: {{ toJson $entry.endpoint }}
      region: {{ toJson $entry.region }}
      credentialsFolder: {{ if $entry.credentialsSecret }}/var/run/darkroom/storage/{{ $index }}{{ else }}null{{ end }}
      imageNamespaces: {{ toJson ($entry.imageNamespaces | default list) }}
    {{- end }}
  {{- end }}
access:
  keysFolder: {{ if .Values.server.access.keysSecret }}/var/run/darkroom/keys{{ else }}null{{ end }}
  bearerTokens: {{ .Values.server.access.bearerTokens }}
prediction: {{ toJson .Values.server.prediction }}
fetching: {{ toJson .Values.server.fetching }}
datasets: {{ toJson .Values.server.datasets }}
runs: {{ omit .Values.server.runs "uri" | toJson }}
{{- end -}}

{{/*
What the server may do in a namespace that it serves. It creates Secrets for the tokens of Datasets, and can neither
read, list, change nor delete one.
*/}}
{{- define "darkroom.server.rules" -}}
- apiGroups: [darkroom.dev]
  resources: [datasets, models, evaluations, predictions]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
{{- end -}}
