{{/* A bundled server is reached by its pods; one of your own may be anywhere, of which only the address and not the port is known here. */}}
{{- define "netverdict.to" -}}
{{- if .bundled }}
- to: [{ podSelector: { matchLabels: { app.kubernetes.io/name: netverdict-{{ .part }}, app.kubernetes.io/instance: {{ .root.Release.Name }} } } }]
  ports: [{ port: {{ .port }}, protocol: TCP }]
{{- else }}
- to: [{ ipBlock: { cidr: 0.0.0.0/0 } }, { ipBlock: { cidr: "::/0" } }]
{{- end }}
{{- end }}
{{- define "netverdict.dns" }}
# Anywhere: a node's own DNS cache has a link-local address.
- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
{{- end }}
