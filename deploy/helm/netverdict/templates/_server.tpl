{{/*
A bundled server, one replica: (dict "root" $ "part" "nats" "values" .Values.nats "port" 4222 "uid" 1000 "args" (list …) "env" (list …) "volumes" … "mounts" … "dataDir" "/data")
*/}}
{{- define "netverdict.server" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "netverdict.name" .root }}-{{ .part }}
  labels: {{- include "netverdict.labels" . | nindent 4 }}
spec:
  replicas: 1
  serviceName: {{ include "netverdict.name" .root }}-{{ .part }}
  selector:
    matchLabels: {{- include "netverdict.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "netverdict.labels" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext: {{- include "netverdict.podSecurity" (dict "uid" .uid) | nindent 8 }}
      containers:
        - name: {{ .part }}
          image: {{ .values.image }}
          securityContext: {{- include "netverdict.containerSecurity" . | nindent 12 }}
          {{- with .command }}
          command: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .args }}
          args: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .env }}
          env: {{- toYaml . | nindent 12 }}
          {{- end }}
          ports: [{ name: server, containerPort: {{ .port }} }]
          readinessProbe: { tcpSocket: { port: server }, periodSeconds: 5 }
          livenessProbe: { tcpSocket: { port: server }, periodSeconds: 20, failureThreshold: 3 }
          resources: {{- toYaml .values.resources | nindent 12 }}
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
            - { name: data, mountPath: {{ .dataDir }} }
            {{- with .mounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - { name: tmp, emptyDir: { sizeLimit: 64Mi } }
        {{- if not .values.storage }}
        - { name: data, emptyDir: { sizeLimit: 256Mi } }
        {{- end }}
        {{- with .volumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  {{- if .values.storage }}
  volumeClaimTemplates:
    - metadata: { name: data }
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .values.storageClassName }}
        storageClassName: {{ . }}
        {{- end }}
        resources: { requests: { storage: {{ .values.storage }} } }
  {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "netverdict.name" .root }}-{{ .part }}
  labels: {{- include "netverdict.labels" . | nindent 4 }}
spec:
  type: {{ .values.serviceType | default "ClusterIP" }}
  selector: {{- include "netverdict.selector" . | nindent 4 }}
  ports: [{ name: server, port: {{ .port }}, targetPort: server }]
{{- end }}

{{/* A password that stays once it was made: (dict "root" $ "secret" name "url" "postgres://…%s…") */}}
{{- define "netverdict.serverSecret" -}}
{{- $kept := (lookup "v1" "Secret" .root.Release.Namespace .secret).data | default dict }}
{{- $password := (get $kept "password" | b64dec) | default (randAlphaNum 40) -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .secret }}
  labels: {{- include "netverdict.labels" . | nindent 4 }}
  annotations: { helm.sh/resource-policy: keep }
stringData:
  password: {{ $password }}
  url: {{ printf .url $password }}
{{- end }}
