{{/* The base of every name: the release name, cut so that a Service's "-preview" still fits into 63 characters. */}}
{{- define "common.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 55 | trimSuffix "-" -}}
{{- end -}}

{{/* Selectors are immutable: nothing may go in here that changes between releases. */}}
{{- define "common.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of pods. No chart version here: a new chart alone must not start a new revision. */}}
{{- define "common.podLabels" -}}
{{ include "common.selectorLabels" . }}
app.kubernetes.io/part-of: progressive-delivery
{{- end -}}

{{- define "common.labels" -}}
{{ include "common.podLabels" . }}
{{ include "common.helmLabels" . }}
{{- end -}}

{{- define "common.helmLabels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Name, namespace and labels of an object that has the base name. */}}
{{- define "common.metadata" -}}
name: {{ include "common.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "common.labels" . | nindent 2 }}
{{- end -}}
