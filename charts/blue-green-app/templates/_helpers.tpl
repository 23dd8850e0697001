{{/* The base of every name: the release name, cut so that "-preview" still fits into 63 characters. */}}
{{- define "blue-green-app.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 55 | trimSuffix "-" -}}
{{- end -}}

{{/* Selectors are immutable: nothing may go in here that changes between releases. */}}
{{- define "blue-green-app.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of pods. No chart version here: a new chart alone must not start a new revision. */}}
{{- define "blue-green-app.podLabels" -}}
{{ include "blue-green-app.selectorLabels" . }}
app.kubernetes.io/part-of: progressive-delivery
{{- end -}}

{{- define "blue-green-app.labels" -}}
{{ include "blue-green-app.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* One Ingress rule: host and the Service behind it. */}}
{{- define "blue-green-app.rule" -}}
- host: {{ .host }}
  http:
    paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: {{ .service }}
            port:
              number: {{ .port }}
{{- end -}}
