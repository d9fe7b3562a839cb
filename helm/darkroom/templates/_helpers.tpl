{{/* Prefix of the names of objects. */}}
{{- define "darkroom.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $base := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $base .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "darkroom.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* `managed-by` stays Helm: `darkroom` there marks the operator's own children. */}}
{{- define "darkroom.labels" -}}
{{ include "darkroom.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "darkroom.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "darkroom.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ required "serviceAccount.name: needed when serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{/* NetworkPolicy peers: every public address. */}}
{{- define "darkroom.publicPeers" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
- ipBlock:
    cidr: ::/0
    except: ["fc00::/7", "fe80::/10"]
{{- end -}}

{{/* Image reference of a dict with `image` and `version`. */}}
{{- define "darkroom.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .version .image.tag }}
{{- end -}}
{{- end -}}

{{/* The administrator's affinity, and beside it the wish for different nodes where there are several replicas. */}}
{{- define "darkroom.affinity" -}}
{{- $ours := dict -}}
{{- if gt (int64 .Values.operator.replicas) 1 -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "darkroom.selectorLabels" . | fromYaml)) -}}
{{- $wish := dict "weight" 100 "podAffinityTerm" $term -}}
{{- $ours = dict "podAntiAffinity" (dict "preferredDuringSchedulingIgnoredDuringExecution" (list $wish)) -}}
{{- end -}}
{{- merge (deepCopy .Values.operator.affinity) $ours | toYaml -}}
{{- end -}}

{{/* Refuse times with which two replicas could write at once. */}}
{{- define "darkroom.checkElection" -}}
{{- with .Values.operator.election -}}
{{- if le (int64 .leaseSeconds) (int64 .renewSeconds) -}}
{{- fail "operator.election.leaseSeconds: must be more than renewSeconds" -}}
{{- end -}}
{{- if le (int64 .renewSeconds) (mul 2 (int64 .retrySeconds)) -}}
{{- fail "operator.election.renewSeconds: must be more than twice retrySeconds" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What every container of ours runs with: the restricted Pod Security level and a read-only root. */}}
{{- define "darkroom.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "darkroom.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.operator.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* The NetworkPolicy of trainers, as the operator keeps it; without `egress` it makes rules of its own. */}}
{{- define "darkroom.trainerPolicy" -}}
{{- with .Values.networkPolicy.trainers -}}
enabled: {{ .enabled }}
reportFrom:
  - namespaceSelector:
      matchLabels: {kubernetes.io/metadata.name: {{ $.Release.Namespace }}}
    podSelector:
      matchLabels: {{- include "darkroom.selectorLabels" $ | nindent 8 }}
  {{- with .metricsFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- if .strict }}
egress:
  - ports:
      - {port: 53, protocol: UDP}
      - {port: 53, protocol: TCP}
  {{- if .publicHttps }}
  - to: {{- include "darkroom.publicPeers" $ | nindent 6 }}
    ports:
      - {port: 443}
  {{- end }}
  {{- if $.Values.trainer.weights.hub }}
  {{- $hub := (urlParse $.Values.trainer.weights.hub).host }}
  # A policy knows no names: the hub's port is opened to public addresses; one inside belongs into `storage`.
  - to: {{- include "darkroom.publicPeers" $ | nindent 6 }}
    ports:
      - {port: {{ regexFind "[0-9]+$" (regexFind ":[0-9]+$" $hub) | default "443" }}}
  {{- end }}
  {{- with .storage }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether a Model of some compute class may have several pods; empty where none may. */}}
{{- define "darkroom.spansNodes" -}}
{{- range .Values.computeClasses }}{{ if gt (int (.maxNodes | default 1)) 1 }}yes{{ end }}{{ end }}
{{- end -}}

{{/* What the operator may do in a namespace that it serves. It has no verb on ConfigMaps, logs or exec, and none on Secrets
     unless Models may have several pods. */}}
{{- define "darkroom.rules" -}}
{{- if .Values.networkPolicy.trainers.enabled }}
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [create]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  resourceNames: [darkroom-trainers]
  verbs: [get, patch]
{{- end }}
- apiGroups: [darkroom.dev]
  resources: [datasets, models, evaluations, predictions]
  verbs: [get, list, watch]
- apiGroups: [darkroom.dev]
  resources: [datasets/status, models/status, evaluations/status, predictions/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [pods]
  # Deleted are pods that another container keeps alive after their trainer, each by its uid.
  verbs: [list, watch, delete]
{{- if include "darkroom.spansNodes" . }}
# By which the pods of a Model on several nodes meet. Made, and neither read nor listed.
- apiGroups: [""]
  resources: [services, secrets]
  verbs: [create]
{{- end }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [get, list, watch, create, patch]
# Where Kueue is installed: the queue that a run names, what stands for its Job, and in which order the queue waits.
- apiGroups: [kueue.x-k8s.io]
  resources: [localqueues]
  verbs: [get]
- apiGroups: [kueue.x-k8s.io]
  resources: [workloads]
  verbs: [list]
- apiGroups: [visibility.kueue.x-k8s.io]
  resources: [localqueues/pendingworkloads]
  verbs: [get]
{{- end -}}

{{/* The operator's configuration file; see docs/install.md. */}}
{{- define "darkroom.config" -}}
namespaces: {{ toJson .Values.namespaces }}
trainer:
  image: {{ include "darkroom.image" (dict "image" .Values.trainer.image "version" .Chart.AppVersion) | quote }}
  imagePullPolicy: {{ .Values.trainer.image.pullPolicy }}
  imagePullSecrets: {{ toJson .Values.trainer.imagePullSecrets }}
  runAsUser: {{ toJson .Values.trainer.runAsUser }}
  nodeSelector: {{ toJson .Values.trainer.nodeSelector }}
  podLabels: {{ toJson .Values.trainer.podLabels }}
  podAnnotations: {{ toJson .Values.trainer.podAnnotations }}
  runtimeClassName: {{ toJson .Values.trainer.runtimeClassName }}
  certificateAuthorities: {{ toJson .Values.trainer.certificateAuthorities }}
  weightsClaim: {{ toJson .Values.trainer.weightsClaim }}
  weights: {{ toJson .Values.trainer.weights }}
  embeddedWeights: {{ .Values.trainer.embeddedWeights }}
  pictureCacheMebibytes: {{ .Values.trainer.pictureCacheMebibytes }}
computeClasses:
{{- range $name, $class := .Values.computeClasses }}
  {{ $name }}: {{ merge (dict "resourceName" $class.resourceName) $class | toJson }}
{{- end }}
defaultComputeClass: {{ .Values.defaultComputeClass }}
defaultQueue: {{ toJson .Values.defaultQueue }}
inspection: {{ toJson .Values.inspection }}
{{- if .Values.output.uri }}
output:
  uri: {{ .Values.output.uri | quote }}
  storage: {{ toJson .Values.output.storage }}
{{- else }}
output: null
{{- end }}
allowedSecrets: {{ toJson .Values.allowedSecrets }}
allowedServiceAccounts: {{ toJson .Values.allowedServiceAccounts }}
allowedVolumeClaims: {{ toJson .Values.allowedVolumeClaims }}
allowedEndpoints: {{ toJson .Values.allowedEndpoints }}
trainerPolicy:
  {{- include "darkroom.trainerPolicy" . | nindent 2 }}
limits: {{ toJson .Values.limits }}
retries: {{ toJson .Values.retries }}
graceSeconds: {{ int64 .Values.graceSeconds }}
startTimeoutSeconds: {{ int64 .Values.startTimeoutSeconds }}
progressIntervalSeconds: {{ int64 .Values.progressIntervalSeconds }}
jobTtlSeconds: {{ int64 .Values.jobTtlSeconds }}
{{- end -}}
