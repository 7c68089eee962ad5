{{- define "stillwatch.labels" -}}
app.kubernetes.io/name: stillwatch
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "stillwatch.meta" -}}
name: {{ .root.Release.Name }}-{{ .part }}
labels:
  {{- include "stillwatch.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "stillwatch.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{/* What all pods have alike: nobody's user, nothing of the cluster's. */}}
{{- define "stillwatch.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "stillwatch.container" -}}
image: {{ include "stillwatch.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* Secrets as files that their owner alone can read, which a mounted Secret's are not. */}}
{{- define "stillwatch.secrets" -}}
- name: secrets
  {{- include "stillwatch.container" . | nindent 2 }}
  command:
    - sh
    - -ec
    - |
      for file in /run/given/*; do install -m 0600 "$file" /etc/stillwatch/secrets/; done
      {{- if eq .part "hub" }}
      install -m 0600 /run/given/hub.key /var/lib/stillwatch/hub/hub.key
      {{- end }}
  resources:
    requests: {cpu: 10m, memory: 16Mi}
    limits: {memory: 64Mi}
  volumeMounts:
    - {name: given, mountPath: /run/given, readOnly: true}
    - {name: secrets, mountPath: /etc/stillwatch/secrets}
    {{- if eq .part "hub" }}
    - {name: hub, mountPath: /var/lib/stillwatch/hub}
    {{- end }}
{{- end -}}

{{- define "stillwatch.volumes" -}}
- name: given
  projected:
    sources:
      - secret:
          name: {{ .root.Values.secrets.files }}
      {{- with .root.Values.secrets.tls }}
      - secret:
          name: {{ . }}
          items:
            - {key: tls.crt, path: tls.crt}
            - {key: tls.key, path: tls.key}
      {{- end }}
- name: secrets
  emptyDir: {medium: Memory, sizeLimit: 4Mi}
- name: scratch
  emptyDir: {}
- name: kernels
  emptyDir: {}
{{- end -}}

{{- define "stillwatch.mounts" -}}
- {name: secrets, mountPath: /etc/stillwatch/secrets, readOnly: true}
- {name: scratch, mountPath: /tmp}
- {name: kernels, mountPath: /var/cache/stillwatch}
{{- end -}}

{{- define "stillwatch.claim" -}}
{{ .Values.data.existingClaim | default (printf "%s-data" .Release.Name) }}
{{- end -}}

{{- define "stillwatch.asks" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
  scheme: HTTPS
  {{- with .host }}
  httpHeaders:
    - {name: Host, value: {{ . | quote }}}
  {{- end }}
{{- end -}}

{{- define "stillwatch.probes" -}}
startupProbe:
  {{- include "stillwatch.asks" (merge (dict "path" .live) .) | nindent 2 }}
  periodSeconds: 5
  failureThreshold: 60
livenessProbe:
  {{- include "stillwatch.asks" (merge (dict "path" .live) .) | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  {{- include "stillwatch.asks" (merge (dict "path" .ready) .) | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}
