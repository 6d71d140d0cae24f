{{/*
The Deployment of a service: (dict "root" $ "part" "api" "values" .Values.api "port" 8080 "env" (list …) "secrets" (list (dict "name" … "secret" … "items" (list …))))
*/}}
{{- define "netverdict.deployment" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "netverdict.name" $root }}-{{ .part }}
  labels: {{- include "netverdict.labels" . | nindent 4 }}
spec:
  {{- if not .autoscaled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  selector:
    matchLabels: {{- include "netverdict.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "netverdict.labels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ include "netverdict.name" $root }}-{{ .part }}
      automountServiceAccountToken: {{ eq .part "topology" }}
      # Links would set NETVERDICT_… variables that nobody meant.
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext: {{- include "netverdict.podSecurity" (dict "uid" 65532) | nindent 8 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "netverdict.selector" . | nindent 14 }}
      terminationGracePeriodSeconds: 15
      containers:
        - name: {{ .part }}
          image: {{ include "netverdict.image" . }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          securityContext: {{- include "netverdict.containerSecurity" . | nindent 12 }}
          env:
            {{- include "netverdict.environment" . | nindent 12 }}
            - { name: NETVERDICT_NATS_NKEY_FILE, value: /etc/netverdict/keys/{{ .part }}.nk }
            {{- toYaml .env | nindent 12 }}
          ports:
            - { name: http, containerPort: {{ .port }} }
          livenessProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 }
          readinessProbe: { httpGet: { path: /readyz, port: http }, periodSeconds: 5, timeoutSeconds: 4 }
          startupProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 2, failureThreshold: 60 }
          resources: {{- toYaml .values.resources | nindent 12 }}
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
            - { name: keys, mountPath: /etc/netverdict/keys, readOnly: true }
            {{- range .secrets }}
            - { name: {{ .name }}, mountPath: /etc/netverdict/{{ .name }}, readOnly: true }
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: { sizeLimit: 64Mi }
        - name: keys
          secret: { secretName: {{ $root.Values.keys.servicesSecret }}, defaultMode: 0440, items: [{ key: {{ .part }}.nk, path: {{ .part }}.nk }] }
        {{- range .secrets }}
        - name: {{ .name }}
          secret:
            secretName: {{ .secret }}
            defaultMode: 0440
            items:
              {{- range .items }}
              - { key: {{ . }}, path: {{ . }} }
              {{- end }}
        {{- end }}
{{- end }}
