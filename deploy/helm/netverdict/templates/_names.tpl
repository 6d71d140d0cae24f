{{- define "netverdict.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Labels of one part: (dict "root" $ "part" "api") */}}
{{- define "netverdict.selector" -}}
app.kubernetes.io/name: netverdict-{{ .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "netverdict.labels" -}}
{{ include "netverdict.selector" . }}
app.kubernetes.io/part-of: netverdict
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "netverdict.image" -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end }}netverdict/{{ .part }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "netverdict.natsUrl" -}}
{{- if and .Values.nats.bundled (eq .Values.mode "hub") -}}nats://{{ include "netverdict.name" . }}-nats:4222{{- else -}}{{ required "nats.external.url is needed where nats.bundled is false" .Values.nats.external.url }}{{- end }}
{{- end }}

{{- define "netverdict.tokensSecret" -}}
{{- .Values.tokens.existingSecret | default (printf "%s-tokens" (include "netverdict.name" .)) -}}
{{- end }}
{{- define "netverdict.redisSecret" -}}
{{- if .Values.redis.bundled -}}{{ include "netverdict.name" . }}-redis{{- else -}}{{ required "redis.existingSecret is needed where redis.bundled is false" .Values.redis.existingSecret }}{{- end }}
{{- end }}
{{- define "netverdict.postgresqlSecret" -}}
{{- if .Values.postgresql.bundled -}}{{ include "netverdict.name" . }}-postgresql{{- else -}}{{ required "postgresql.existingSecret is needed where postgresql.bundled is false" .Values.postgresql.existingSecret }}{{- end }}
{{- end }}

{{/* What no container but the agent's needs more than. */}}
{{- define "netverdict.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
{{- define "netverdict.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .uid }}
fsGroup: {{ .uid }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* Environment of every service: (dict "root" $ "values" .Values.api) */}}
{{- define "netverdict.environment" -}}
- { name: NETVERDICT_LOG_LEVEL, value: {{ .root.Values.logLevel | quote }} }
- { name: NETVERDICT_NATS_URL, value: {{ include "netverdict.natsUrl" .root | quote }} }
- { name: NODE_COMPILE_CACHE, value: /tmp/compile-cache }
{{- with .root.Values.monitoring.otlpEndpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
